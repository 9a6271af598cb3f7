from __future__ import annotations

from pathlib import Path

import pytest

from services.provision.errors import ChangedHistory, InvalidMigrations, NewerDatabase
from services.provision.files import (
    SQL,
    Applied,
    Migration,
    SqlFile,
    changed,
    pending,
    read_files,
    read_migrations,
)


def folder_with(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).write_text(f"SELECT '{name}';\n")
    return tmp_path


def as_applied(migration: Migration) -> Applied:
    return Applied(migration.number, migration.name, migration.checksum)


def test_migrations_come_in_the_order_of_their_numbers(tmp_path):
    folder = folder_with(tmp_path, "0002_b.sql", "0001_a.sql")
    assert [m.path for m in read_migrations(folder)] == ["0001_a.sql", "0002_b.sql"]


def test_a_gap_in_the_numbers_is_refused(tmp_path):
    folder = folder_with(tmp_path, "0001_a.sql", "0003_c.sql")
    with pytest.raises(InvalidMigrations, match=r"0002 is missing: 0003_c\.sql"):
        read_migrations(folder)


def test_a_number_given_twice_is_refused(tmp_path):
    folder = folder_with(tmp_path, "0001_a.sql", "0001_b.sql")
    with pytest.raises(InvalidMigrations, match=r"0001_a\.sql and 0001_b\.sql"):
        read_migrations(folder)


@pytest.mark.parametrize("name", ["1_a.sql", "0001-a.sql", "0001_A.sql", "a.sql"])
def test_another_name_is_refused(tmp_path, name):
    with pytest.raises(InvalidMigrations, match="expected 0001_what_it_does"):
        read_migrations(folder_with(tmp_path, name))


def test_a_checksum_does_not_depend_on_how_lines_end(tmp_path):
    (tmp_path / "0001_a.sql").write_bytes(b"SELECT 1;\r\n")
    (tmp_path / "0002_b.sql").write_bytes(b"SELECT 1;\n")
    first, second = read_migrations(tmp_path)
    assert first.checksum == second.checksum


def test_what_was_applied_is_not_pending(tmp_path):
    first, second = read_migrations(folder_with(tmp_path, "0001_a.sql", "0002_b.sql"))
    assert pending([], [first, second]) == [first, second]
    assert pending([as_applied(first)], [first, second]) == [second]
    assert pending([as_applied(first), as_applied(second)], [first, second]) == []


def test_a_changed_migration_is_named(tmp_path):
    (first,) = read_migrations(folder_with(tmp_path, "0001_a.sql"))
    with pytest.raises(ChangedHistory, match=r"0001_a\.sql changed after it was applied"):
        pending([Applied(1, "a", "another checksum")], [first])


def test_a_vanished_migration_is_named(tmp_path):
    (first,) = read_migrations(folder_with(tmp_path, "0001_a.sql"))
    with pytest.raises(ChangedHistory, match=r"0001_gone\.sql was applied .* but is gone"):
        pending([Applied(1, "gone", first.checksum)], [first])


def test_an_older_program_refuses_a_newer_database(tmp_path):
    (first,) = read_migrations(folder_with(tmp_path, "0001_a.sql"))
    with pytest.raises(NewerDatabase, match=r"0002_b\.sql, this program knows .* up to 0001"):
        pending([as_applied(first), Applied(2, "b", "x")], [first])


def test_only_files_that_differ_count_as_changed():
    same, other = SqlFile("views/a.sql", "1"), SqlFile("views/b.sql", "2")
    found = {same.path: same.checksum, other.path: "old", "views/gone.sql": "old"}
    new = SqlFile("views/new.sql", "3")
    assert changed(found, [same, other, new]) == ["views/b.sql", "views/gone.sql", "views/new.sql"]


def test_the_shipped_files_are_in_order():
    assert read_migrations(SQL / "migrations")
    assert read_files(SQL / "views")
    assert read_files(SQL / "community")


def test_every_shipped_view_can_be_replaced_and_has_a_comment():
    for file in read_files(SQL / "views"):
        assert file.body.count("CREATE OR REPLACE VIEW") == file.body.count(
            "CREATE OR REPLACE VIEW "
        )
        assert "CREATE VIEW" not in file.body
        for view in file.views:
            assert f"COMMENT ON VIEW {view} IS" in file.body
