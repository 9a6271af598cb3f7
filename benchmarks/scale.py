"""What a question costs as the history grows: `python -m benchmarks.scale`, `make bench-history`.

For 1, 3 and 10 years of 100 halls, which the database draws itself (benchmarks/history.py), every
panel, alert and planner's question is asked about one département of ten of them, and timed. The
servers and their filled databases are kept in a folder and used again by the next run.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.history import fill
from benchmarks.panels import ZONE
from benchmarks.questions import Asked, all_questions
from benchmarks.servers import DATA, shipped_registry
from services.provision import database as provision_database
from services.provision import registry as provision_registry
from services.stack.stack import Stack

KAFKA_PORT, POSTGRES_PORT = 28_592, 25_832
DEPARTEMENT_SITES = 10
LIMITS_MS = {"panel": 100.0, "alert": 100.0, "planner": 1_000.0}
"""The project's own targets for the 95th percentile of each group."""

Times = Mapping[tuple[str, str], float]
"""Fastest of several askings in milliseconds, by group and name of the question."""

screen = Console()


@dataclass(frozen=True, slots=True)
class History:
    """One filled database."""

    years: int
    times: Times
    size_mb: float
    buckets: int


@click.command()
@click.option("--sites", default=100, show_default=True, type=click.IntRange(1), help="Halls.")
@click.option(
    "--years", "spans", multiple=True, default=(1, 3, 10), show_default=True,
    type=click.IntRange(1), help="Length of a history; may be given several times.",
)  # fmt: skip
@click.option(
    "--times", "askings", default=5, show_default=True, type=click.IntRange(1),
    help="Each question is asked so often; the fastest counts.",
)  # fmt: skip
@click.option(
    "--home", default=DATA / "bench-history", show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the servers and the filled databases are kept; remove it when you are done.",
)  # fmt: skip
@click.option("--fill-only", is_flag=True, help="Fill the databases, ask nothing.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write all times here too.")
def main(
    sites: int, spans: tuple[int, ...], askings: int, home: Path, fill_only: bool, file: Path | None
) -> None:
    """Time every question at several lengths of history."""
    with _servers(home) as stack:
        found = []
        for years in sorted(spans):
            database = _filled(stack, sites, years)
            if not fill_only:
                found.append(_measured(database, years, askings))
    if not found:
        return
    screen.print(_summary(found))
    screen.print(_slowest(found))
    if file is not None:
        file.write_text(json.dumps(_document(found), indent=1) + "\n", encoding="utf-8")


@contextmanager
def _servers(home: Path) -> Iterator[Stack]:
    stack = Stack(home, KAFKA_PORT, POSTGRES_PORT, cache=DATA / "cache")
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def _filled(stack: Stack, sites: int, years: int) -> dict[str, str]:
    """Settings of a database of that many sites and years; filled unless it was before."""
    name = f"history_{sites}_sites_{years}_years"
    environ = stack.environ()
    urls = {
        role: environ[f"PASSAGE_DATABASE_{role.upper()}"].rpartition("/")[0] + f"/{name}"
        for role in ("owner", "writer", "reader")
    }
    with psycopg.connect(environ["PASSAGE_DATABASE_ADMIN"], autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return urls
        # A run that was cut short leaves no half history under this name.
        unfinished = f"{name}_unfinished"
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(unfinished))
        )
        growing = {role: url + "_unfinished" for role, url in urls.items()}
        provision_database.apply(
            provision_database.DatabaseUrls(**growing, admin=environ["PASSAGE_DATABASE_ADMIN"])
        )
        today = datetime.now(ZONE).date()
        provision_registry.load(growing["owner"], shipped_registry(), today)
        _fill(growing["owner"], sites, years, today)
        admin.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(unfinished), sql.Identifier(name)
            )
        )
    return urls


def _fill(owner: str, sites: int, years: int, until: date) -> None:
    days = round(years * 365.25)
    first = until - timedelta(days=days)
    with (
        psycopg.connect(owner, autocommit=True) as connection,
        Progress(console=screen) as progress,
    ):
        task = progress.add_task(f"filling {years} years of {sites} sites", total=days)
        fill(
            connection, sites=sites, years=years, until=until,
            progress=lambda up_to: progress.update(task, completed=(up_to - first).days),
        )  # fmt: skip


def _measured(urls: Mapping[str, str], years: int, askings: int) -> History:
    with psycopg.connect(urls["reader"], autocommit=True) as reader:
        row = reader.execute(
            "SELECT max(quarter_start), pg_database_size(current_database())"
            " FROM footfall_quarter_hourly WHERE quarter_start > now() - interval '30 days'"
        ).fetchone()
        assert row is not None
        newest, size = row
        codes = [code for (code,) in reader.execute("SELECT site FROM reference_site ORDER BY 1")]
        asked = list(
            all_questions(
                reader, today=newest.astimezone(ZONE).date(), sites=codes[:DEPARTEMENT_SITES]
            )
        )
        with Progress(console=screen) as progress:
            task = progress.add_task(f"asking of {years} years", total=len(asked))
            times: dict[tuple[str, str], float] = {}
            for one in asked:
                # A board repeats a title where a row repeats: each keeps its slowest.
                key = one.of, one.name
                times[key] = max(times.get(key, 0.0), _fastest_ms(reader, one, askings))
                progress.advance(task)
    with psycopg.connect(urls["owner"], autocommit=True) as owner:
        (buckets,) = owner.execute("SELECT count(*) FROM footfall").fetchone() or (0,)
    return History(years, times, size / 2**20, buckets)


def _fastest_ms(connection: psycopg.Connection[Any], one: Asked, askings: int) -> float:
    def once() -> float:
        began = time.perf_counter()
        one.ask(connection)
        return (time.perf_counter() - began) * 1_000

    return min(once() for _ in range(askings))


def _summary(found: Sequence[History]) -> Table:
    table = Table("", *(f"{one.years} years" for one in found), "target")
    for group, limit in LIMITS_MS.items():
        for share, name in ((50, "p50"), (95, "p95"), (100, "slowest")):
            cells = [f"{_percentile(_of(one, group), share):.0f} ms" for one in found]
            table.add_row(f"{group}: {name}", *cells, f"{limit:.0f} ms" if share == 95 else "")
    table.add_row("buckets", *(f"{one.buckets:,}" for one in found), "")
    table.add_row("database", *(f"{one.size_mb:,.0f} MB" for one in found), "")
    return table


def _slowest(found: Sequence[History], most: int = 12) -> Table:
    last = found[-1].times
    table = Table("slowest", *(f"{one.years} years" for one in found))
    for key in sorted(last, key=lambda key: -last[key])[:most]:
        table.add_row(" ".join(key), *(f"{one.times[key]:.0f} ms" for one in found))
    return table


def _of(history: History, group: str) -> list[float]:
    return [ms for (of, _), ms in history.times.items() if of == group]


def _percentile(values: Sequence[float], share: int) -> float:
    ordered = sorted(values)
    if share == 50:
        return statistics.median(ordered)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def _document(found: Sequence[History]) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "unit": "ms",
        "histories": [
            {
                "years": one.years,
                "buckets": one.buckets,
                "size_mb": round(one.size_mb),
                "times": {f"{of} {name}": round(ms, 1) for (of, name), ms in one.times.items()},
            }
            for one in found
        ],
    }


if __name__ == "__main__":
    main()
