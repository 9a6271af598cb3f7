from __future__ import annotations

from services.provision.rights import PRIVATE, REFERENCE, WRITTEN, Readers, Right, Subject, wanted

ROLES = Readers(writer="w", reader="r")


def test_the_writer_changes_its_tables_and_only_reads_the_reference():
    footfall, site = Subject("table", "footfall"), Subject("table", "site")
    assert wanted([footfall, site], ROLES) == {
        Right(footfall, "w", "SELECT"),
        Right(footfall, "w", "INSERT"),
        Right(footfall, "w", "UPDATE"),
        Right(footfall, "w", "DELETE"),
        Right(site, "w", "SELECT"),
    }


def test_the_reader_sees_views_and_no_table():
    view, table = Subject("view", "footfall_hourly"), Subject("table", "visit")
    assert {right for right in wanted([view, table], ROLES) if right.role == "r"} == {
        Right(view, "r", "SELECT")
    }


def test_nobody_is_given_a_table_that_is_not_listed():
    assert wanted([Subject("table", name) for name in ("migration", "unheard_of")], ROLES) == set()


def test_the_lists_of_tables_do_not_overlap():
    assert len(WRITTEN | REFERENCE | PRIVATE) == len(WRITTEN) + len(REFERENCE) + len(PRIVATE)


def test_public_is_given_nothing():
    subjects = [Subject("database", "d"), Subject("schema", "public"), Subject("function", "f()")]
    assert {right.role for right in wanted(subjects, ROLES)} == {"w", "r"}
