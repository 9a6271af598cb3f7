from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from services.provision.rights import PRIVATE, REFERENCE, WRITTEN

FOOTFALL = (
    "INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages)"
    " VALUES ('{}', 'creteil-accueil', 'dcl', 'titres', 'kiosk', 1)"
)
CHUNK = "SELECT show_chunks('footfall')::text"

READER_MAY = [
    "SELECT * FROM footfall_hourly",
    "SELECT * FROM footfall_daily",
    "SELECT * FROM waits_hourly",
    "SELECT * FROM coverage_hourly",
    "SELECT * FROM device_status",
    "SELECT * FROM waiting_now",
    "SELECT * FROM dead_letters",
    "SELECT wait_quantile(array_agg(bin), array_agg(n), 0.9) FROM wait_bins_hourly",
]
READER_MAY_NOT = [
    "SELECT count_footfall_days(current_date, current_date)",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "UPDATE dead_letters SET replayable = true",
    "DELETE FROM dead_letters",
    "CREATE TABLE t (x integer)",
    "CREATE TEMPORARY TABLE t (x integer)",
    "CREATE VIEW v AS SELECT 1",
    "SELECT drop_chunks('footfall', now())",
    "SET ROLE passage_owner",
]
WRITER_MAY = [
    "SELECT * FROM ledger",
    "SELECT * FROM purge",
    "SELECT * FROM site",
    "SELECT * FROM registry_revision",
    "CREATE TEMPORARY TABLE t (LIKE footfall) ON COMMIT DROP",
    "UPDATE footfall SET passages = passages + 1",
    "DELETE FROM footfall",
    "DELETE FROM visit_event",
    "SELECT * FROM visit FOR UPDATE",
    "SELECT count_footfall_days(current_date, current_date)",
    "INSERT INTO footfall_day (local_date, site, directorate, service, channel)"
    " VALUES (current_date, 's', 'd', 's', 'c')",
    "DELETE FROM changed",
    "UPDATE publication SET announced_at = now()",
    "DELETE FROM imported_bucket",
    "DELETE FROM consumer_lag",
    "SELECT bucket_is_final('creteil-accueil', now())",
    "INSERT INTO restatement (bucket_start, site, directorate, service, channel, cause, changes)"
    " VALUES (now(), 's', 'd', 's', 'c', 'rebuild', '{}')",
]
WRITER_MAY_NOT = [
    "INSERT INTO site (code, name, time_zone, business_day_starts)"
    " VALUES ('x', 'x', 'UTC', '04:00')",
    "UPDATE registry_revision SET checksum = ''",
    "DELETE FROM closed_day",
    "SELECT * FROM migration",
    "UPDATE dead_letters SET replayable = true",
    "INSERT INTO purge (purged_before, visits, chunks) VALUES (now(), 0, 0)",
    "TRUNCATE footfall",
    "DROP TABLE footfall",
    "ALTER TABLE footfall ADD COLUMN x integer",
    "CREATE TABLE t (x integer)",
    "SELECT drop_chunks('footfall', now())",
    "ALTER TABLE published_figure DISABLE TRIGGER ALL",
    "ALTER ROLE passage_reader CREATEDB",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SET ROLE passage_owner",
]
# A right is missing, or the view is a question that no row answers to.
NO_WAY_IN = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ObjectNotInPrerequisiteState,
)
PUBLISHED = {"published_report", "published_figure"}
OWNER_MAY_NOT = ["CREATE ROLE x", "CREATE DATABASE x", "SELECT * FROM pg_authid"]


@pytest.fixture
def counted(database):
    """A database in which the writer has made two chunks."""
    with psycopg.connect(database.writer) as writer:
        writer.execute(FOOTFALL.format("2025-03-03 08:00+00"))
        writer.execute(FOOTFALL.format("2025-10-03 08:00+00"))
    return database


def tries(url: str, statement: str, *, read_only: bool | None = None) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        if read_only is not None:
            connection.execute(f"SET default_transaction_read_only = {read_only}")
        connection.execute(statement)


def test_the_reader_may_read_views(counted):
    for statement in READER_MAY:
        tries(counted.reader, statement)
    with psycopg.connect(counted.reader) as reader:
        assert reader.execute("SELECT sum(passages) FROM footfall_hourly").fetchone() == (2,)


def test_the_reader_may_nothing_else_even_when_it_leaves_read_only(counted):
    (chunk,), *_ = counted.rows(CHUNK)
    for statement in [*READER_MAY_NOT, f"SELECT * FROM {chunk}"]:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tries(counted.reader, statement, read_only=False)


def test_no_table_is_open_to_the_reader(database):
    for table in WRITTEN | REFERENCE | PRIVATE:
        for statement in ("SELECT * FROM {} LIMIT 0", "DELETE FROM {}", "TRUNCATE {}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                tries(database.reader, statement.format(table), read_only=False)


def test_every_view_can_be_read_by_reader_and_writer_and_written_by_neither(database):
    views = [
        name
        for (name,) in database.rows(
            "SELECT relname FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'"
        )
    ]
    assert len(views) > 30
    for url in (database.reader, database.writer):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            for view in views:
                connection.execute(f"SELECT * FROM {view} LIMIT 0")
                with pytest.raises(NO_WAY_IN):
                    connection.execute(f"DELETE FROM {view}")


def test_the_writer_changes_its_tables_only(database):
    with psycopg.connect(database.writer, autocommit=True) as writer:
        for table in sorted(WRITTEN | REFERENCE):
            writer.execute(f"SELECT * FROM {table} LIMIT 0")
        for table in sorted(WRITTEN - PUBLISHED):
            writer.execute(f"DELETE FROM {table} WHERE false")
        for table in sorted(REFERENCE | PRIVATE):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                writer.execute(f"DELETE FROM {table}")
        for table in sorted(WRITTEN | REFERENCE | PRIVATE):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                writer.execute(f"TRUNCATE {table}")


def test_nobody_changes_what_was_published_the_owner_included(database):
    for url in (database.writer, database.owner):
        for table in sorted(PUBLISHED):
            with pytest.raises(psycopg.errors.RaiseException, match="never changes"):
                tries(url, f"DELETE FROM {table}")


def test_the_reader_is_read_only_and_patient_for_thirty_seconds(counted):
    with psycopg.connect(counted.reader, autocommit=True) as reader:
        assert reader.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
        assert reader.execute("SHOW statement_timeout").fetchone() == ("30s",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("CREATE TABLE t (x integer)")


def test_the_writer_may_write_its_tables_in_old_and_new_chunks(counted):
    for statement in [FOOTFALL.format("2026-03-03 08:00+00"), *WRITER_MAY]:
        tries(counted.writer, statement)


def test_the_writer_may_nothing_else(counted):
    for statement in WRITER_MAY_NOT:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tries(counted.writer, statement)


def test_a_right_on_a_hypertable_reaches_its_chunks(counted):
    with psycopg.connect(counted.owner) as owner:
        chunks = [row[0] for row in owner.execute(CHUNK).fetchall()]
        assert len(chunks) == 2
        for chunk in chunks:
            may = owner.execute(
                "SELECT has_table_privilege('passage_writer', %(c)s, 'UPDATE'),"
                " has_table_privilege('passage_reader', %(c)s, 'SELECT')",
                {"c": chunk},
            ).fetchone()
            assert may == (True, False)
        owner.execute("REVOKE UPDATE ON footfall FROM passage_writer")
        assert not owner.execute(
            "SELECT has_table_privilege('passage_writer', %s, 'UPDATE')", [chunks[0]]
        ).fetchone()[0]
        owner.rollback()


def test_the_owner_administers_nothing(database):
    for statement in OWNER_MAY_NOT:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tries(database.owner, statement)


def test_a_stranger_does_not_get_in(database, stack):
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'str4nger'")
        try:
            where = database.reader.rpartition("@")[2]
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(f"postgresql://stranger:str4nger@{where}")
        finally:
            admin.execute("DROP ROLE stranger")


def test_every_table_is_listed_with_who_may_use_it(database):
    tables = database.rows(
        "SELECT relname FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    assert {name for (name,) in tables} == WRITTEN | REFERENCE | PRIVATE


def test_times_are_in_utc_for_every_role(database):
    for url in (database.owner, database.writer, database.reader):
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT timestamptz '2025-07-01 00:00+00'").fetchone()
            assert row[0].isoformat() == datetime(2025, 7, 1, tzinfo=UTC).isoformat()
