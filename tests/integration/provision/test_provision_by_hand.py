from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from services.provision.database import DatabaseUrls, apply

SCRIPT = Path(__file__).parents[3] / "deploy" / "timescaledb" / "roles.sql"


def test_what_an_administrator_makes_by_hand_is_what_provisioning_makes(empty_database_urls):
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed")
    urls = empty_database_urls
    names = {role: urlsplit(getattr(urls, role)).username for role in ("owner", "writer", "reader")}
    names["database"] = urlsplit(urls.owner).path[1:]
    variables = [f"--set={name}={value}" for name, value in names.items()]
    subprocess.run(
        [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *variables, f"--file={SCRIPT}"],
        # Not as an argument: it holds a password.
        env={"PGSERVICEFILE": "/dev/null", **_libpq(urls.admin)},
        check=True,
        capture_output=True,
    )
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        for role in ("owner", "writer", "reader"):
            admin.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(names[role]), urlsplit(getattr(urls, role)).password
                )
            )
    apply(DatabaseUrls(urls.owner, urls.writer, urls.reader))
    assert apply(DatabaseUrls(urls.owner, urls.writer, urls.reader, urls.admin)) == []


def _libpq(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "PGHOST": str(parts.hostname),
        "PGPORT": str(parts.port),
        "PGUSER": str(parts.username),
        "PGPASSWORD": str(parts.password),
        "PGDATABASE": parts.path[1:],
    }
