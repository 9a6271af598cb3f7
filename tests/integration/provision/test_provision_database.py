from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from services.provision.database import DatabaseUrls, apply
from services.provision.errors import Busy, ChangedHistory, MigrationFailed, ProvisionError
from services.provision.files import SQL, read_migrations
from services.provision.lock import alone
from services.runtime.database import DatabaseUnavailable, connect
from services.runtime.settings import InvalidSetting


def urls_of(database) -> DatabaseUrls:
    return DatabaseUrls(
        owner=database.owner, writer=database.writer, reader=database.reader, admin=database.admin
    )


@pytest.fixture
def urls(empty_database_urls) -> DatabaseUrls:
    return urls_of(empty_database_urls)


@pytest.fixture
def folder(tmp_path) -> Path:
    """The shipped SQL files, to be changed."""
    with as_file(SQL) as shipped:
        return Path(shutil.copytree(shipped, tmp_path / "sql"))


def rows(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def other_password(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":another-passw0rd@")


def test_applied_twice_changes_nothing(urls):
    told: list[str] = []
    first = apply(urls, told.append)
    assert [m.path for m in read_migrations(SQL / "migrations")] == [
        sentence.split()[2] for sentence in first if sentence.startswith("applied migration")
    ]
    assert apply(urls) == []
    assert apply(urls, dry_run=True) == []
    passwords = {urlsplit(url).password for url in (urls.owner, urls.writer, urls.reader)}
    assert not [word for word in passwords for sentence in told if word in sentence]


def test_a_dry_run_makes_nothing(urls):
    assert any("would make database" in sentence for sentence in apply(urls, dry_run=True))
    with pytest.raises(DatabaseUnavailable):
        connect(urls.owner, "test")


def test_a_dry_run_names_what_is_missing(urls, folder):
    apply(urls, sql_folder=folder)
    (folder / "migrations" / "0099_x.sql").write_text("CREATE TABLE x (x integer);")
    number = len(list((folder / "migrations").iterdir()))
    (folder / "migrations" / "0099_x.sql").rename(folder / "migrations" / f"{number:04}_x.sql")
    assert apply(urls, sql_folder=folder, dry_run=True) == [
        f"would apply migration {number:04}_x.sql"
    ]
    assert rows(urls.owner, "SELECT to_regclass('x')") == [(None,)]


def test_two_runs_at_once_take_turns(urls):
    start = threading.Barrier(2)

    def run() -> list[str]:
        start.wait()
        return apply(urls)

    with ThreadPoolExecutor() as pool:
        made = [run.result() for run in [pool.submit(run), pool.submit(run)]]
    migrations = [s for changes in made for s in changes if s.startswith("applied migration")]
    assert len(migrations) == len(read_migrations(SQL / "migrations"))
    assert apply(urls) == []


def test_whoever_holds_the_lock_is_named(urls):
    apply(urls)
    with (
        connect(urls.owner, "somebody else", autocommit=True) as other,
        alone(other, patience_s=0),
        pytest.raises(Busy, match=r"somebody else \(process \d+"),
    ):
        apply(urls, patience_s=0.3)


def test_a_changed_migration_is_refused(urls, folder):
    apply(urls, sql_folder=folder)
    first = folder / "migrations" / "0001_reference.sql"
    first.write_text(first.read_text() + "-- edited\n")
    with pytest.raises(ChangedHistory, match=r"0001_reference\.sql changed"):
        apply(urls, sql_folder=folder)


def test_a_failing_migration_leaves_no_trace_and_names_its_line(urls, folder):
    apply(urls, sql_folder=folder)
    number = len(list((folder / "migrations").iterdir())) + 1
    broken = folder / "migrations" / f"{number:04}_broken.sql"
    broken.write_text("CREATE TABLE half (x integer);\nSELECT * FROM nowhere;\n")
    with pytest.raises(MigrationFailed, match=rf"{broken.name}, line 2: .*nowhere"):
        apply(urls, sql_folder=folder)
    assert rows(urls.owner, "SELECT to_regclass('half')") == [(None,)]
    broken.write_text("CREATE TABLE whole (x integer);\n")
    assert f"applied migration {broken.name}" in " ".join(apply(urls, sql_folder=folder))


def test_a_view_whose_columns_changed_is_made_anew(urls, folder):
    apply(urls, sql_folder=folder)
    file = folder / "views" / "80_reference.sql"
    file.write_text(file.read_text().replace("directorate.name AS directorate_name,\n", "\n"))
    assert any("80_reference.sql changed" in s for s in apply(urls, sql_folder=folder))
    # Its rights came back with it.
    assert rows(urls.reader, "SELECT * FROM reference_directorate") == []
    assert apply(urls, sql_folder=folder) == []


def test_a_function_whose_parameters_changed_is_made_anew(urls, folder):
    apply(urls, sql_folder=folder)
    for file in (folder / "views").iterdir():
        file.write_text(
            file.read_text()
            .replace("utc_offset(at timestamptz", "utc_offset(a timestamptz")
            .replace(
                "RETURN (at AT TIME ZONE time_zone) - (at", "RETURN (a AT TIME ZONE time_zone) - (a"
            )
        )
    assert any("10_local_time.sql changed" in s for s in apply(urls, sql_folder=folder))
    assert apply(urls, sql_folder=folder) == []
    assert rows(urls.reader, "SELECT * FROM footfall_hourly") == []


def test_a_view_that_is_wanted_no_more_goes(urls, folder):
    extra = folder / "views" / "99_extra.sql"
    extra.write_text("CREATE OR REPLACE VIEW extra AS SELECT 1 AS one;")
    apply(urls, sql_folder=folder)
    assert rows(urls.reader, "SELECT * FROM extra") == [(1,)]
    extra.unlink()
    apply(urls, sql_folder=folder)
    assert rows(urls.owner, "SELECT to_regclass('extra')") == [(None,)]


def test_a_view_that_somebody_dropped_comes_back(urls):
    apply(urls)
    with psycopg.connect(urls.owner) as connection:
        connection.execute("DROP VIEW waiting_now")
    assert any("waiting_now is missing" in sentence for sentence in apply(urls))
    assert rows(urls.reader, "SELECT * FROM waiting_now") == []


def test_a_new_password_is_set_and_told_to_nobody(urls):
    apply(urls)
    changed = DatabaseUrls(urls.owner, other_password(urls.writer), urls.reader, urls.admin)
    made = apply(changed)
    assert made == [f"set the password of role {urlsplit(urls.writer).username}"]
    with connect(changed.writer, "test"):
        pass
    with pytest.raises(DatabaseUnavailable) as caught:
        connect(urls.writer, "test")
    assert urlsplit(urls.writer).password not in str(caught.value)


def test_rights_that_somebody_changed_are_put_right(urls):
    apply(urls)
    reader = urlsplit(urls.reader).username
    with psycopg.connect(urls.owner) as connection:
        connection.execute(f"GRANT SELECT ON visit TO {reader}")
        connection.execute(f"REVOKE SELECT ON footfall_daily FROM {reader}")
        connection.execute("GRANT SELECT ON visit TO PUBLIC")
    assert sorted(apply(urls)) == [
        f"grant SELECT on view footfall_daily to {reader}",
        "revoke SELECT on table visit from PUBLIC",
        f"revoke SELECT on table visit from {reader}",
    ]


def test_without_an_administrator_the_owner_goes_on(urls):
    apply(urls)
    assert apply(DatabaseUrls(urls.owner, urls.writer, urls.reader)) == []


def test_a_database_without_the_extension_is_told(urls):
    apply(urls)
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        name = urlsplit(urls.owner).path[1:]
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} OWNER {urlsplit(urls.owner).username}")
    with pytest.raises(ProvisionError, match="has no extension timescaledb"):
        apply(DatabaseUrls(urls.owner, urls.writer, urls.reader))
    assert "make extension timescaledb" in apply(urls)


def test_a_superuser_is_no_role_of_ours(urls):
    name = f"super_{urlsplit(urls.owner).username}"
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} SUPERUSER LOGIN")
    wrong = DatabaseUrls(
        urls.owner,
        urls.writer,
        urls.reader.replace(urlsplit(urls.reader).username, name),
        urls.admin,
    )
    with pytest.raises(ProvisionError, match=f"{name} is a superuser"):
        apply(wrong)


def test_one_role_for_two_tasks_is_refused(urls):
    with pytest.raises(InvalidSetting, match="names one role twice"):
        apply(DatabaseUrls(urls.owner, urls.owner, urls.reader, urls.admin))


def test_a_server_that_is_not_there_is_named_with_a_remedy(urls):
    gone = DatabaseUrls(
        urls.owner, urls.writer, urls.reader, "postgresql://admin:s3cret@127.0.0.1:1/postgres"
    )
    with pytest.raises(
        DatabaseUnavailable, match=r"admin@127\.0\.0\.1:1/postgres: .*; check that"
    ) as caught:
        apply(gone)
    assert "s3cret" not in str(caught.value)


def test_a_wrong_password_of_the_administrator_is_told_without_it(urls):
    wrong = DatabaseUrls(urls.owner, urls.writer, urls.reader, other_password(urls.admin))
    with pytest.raises(DatabaseUnavailable, match="correct the user, password") as caught:
        apply(wrong)
    assert "another-passw0rd" not in str(caught.value)


def test_an_administrator_needs_no_superuser(urls):
    name = f"admin_{urlsplit(urls.owner).username}"
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD 'adm1n'")
    parts = urlsplit(urls.admin)
    modest = urls.admin.replace(f"{parts.username}:{parts.password}@", f"{name}:adm1n@")
    limited = DatabaseUrls(urls.owner, urls.writer, urls.reader, modest)
    apply(limited)
    assert rows(urls.reader, "SELECT * FROM footfall_hourly") == []
