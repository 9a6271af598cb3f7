"""Halls with one kiosk each, and what happened in them, as rows: for tests of what boards show."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.grafana_macros import Value, expanded
from schemas.queries import load_queries

PARIS = ZoneInfo("Europe/Paris")
WHOLE_QUARTER = 0b111_1111_1111_1111
NOON_NOW = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""A zone in which it is between noon and one o'clock while the tests run."""


def paris(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), PARIS).astimezone(UTC)


def hall(
    database: Any, code: str = "hall", zone: str = "Europe/Paris", hours: str = "08:00-12:00"
) -> None:
    """A site with one kiosk, open every day."""
    opens, closes = hours.split("-")
    with psycopg.connect(database.owner) as owner:
        owner.execute(
            "INSERT INTO site (code, name, time_zone, business_day_starts)"
            " VALUES (%s, initcap(%s), %s, '00:00')",
            [code, code, zone],
        )
        owner.execute("INSERT INTO device (code, site, kind) VALUES (%s, %s, 'kiosk')", [code] * 2)
        owner.execute(
            "INSERT INTO opening_hours (site, weekday, opens, closes)"
            " SELECT %s, weekday, %s::time, %s::time FROM generate_series(1, 7) AS weekday",
            [code, opens, closes],
        )


def closed(database: Any, day: date, site: str = "hall") -> None:
    with psycopg.connect(database.owner) as owner:
        owner.execute("INSERT INTO closed_day VALUES (%s, %s, 'travaux')", [site, day])


def came(
    database: Any, at: datetime, passages: int, directorate: str = "dcl", site: str = "hall"
) -> None:
    """Passages in a quarter of an hour, and in the day that it belongs to."""
    with psycopg.connect(database.writer) as writer:
        writer.execute(
            "INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages)"
            " VALUES (%s, %s, %s, 'titres', 'kiosk', %s)",
            [at, site, directorate, passages],
        )
        writer.execute(
            "INSERT INTO footfall_day AS day"
            " (local_date, site, directorate, service, channel, passages)"
            " SELECT (%s AT TIME ZONE time_zone)::date, code, %s, 'titres', 'kiosk', %s"
            " FROM site WHERE code = %s ON CONFLICT ON CONSTRAINT footfall_day_key"
            " DO UPDATE SET passages = day.passages + EXCLUDED.passages",
            [at, directorate, passages, site],
        )


def heard(database: Any, starts: datetime, hours: float, site: str = "hall") -> None:
    """The kiosk vouches for these hours."""
    quarters = [starts + timedelta(minutes=15 * n) for n in range(int(hours * 4))]
    with psycopg.connect(database.writer) as writer, writer.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO coverage VALUES (%s, %s, %s, %s)",
            [(at, site, site, WHOLE_QUARTER) for at in quarters],
        )


def last_heard(database: Any, ago: timedelta, site: str = "hall", outbox_depth: int = 0) -> None:
    """The kiosk has reported in full up to some time ago."""
    with psycopg.connect(database.writer) as writer:
        writer.execute("DELETE FROM device_boot WHERE device = %s", [site])
        writer.execute(
            "INSERT INTO device_boot (device, boot_id, site, seqs, last_occurred_at,"
            " last_received_at, outbox_depth, complete_to)"
            " SELECT %s, gen_random_uuid(), %s, '{[1,100)}', at, at, %s, at"
            " FROM (SELECT now() - %s AS at) AS boot",
            [site, site, outbox_depth, ago],
        )


def board_day(day: date) -> tuple[datetime, datetime]:
    """The range `now/d` to `now/d` of a day, as Grafana works it out in the boards' zone."""
    return paris(day, 0), paris(day + timedelta(days=1), 0) - timedelta(milliseconds=1)


def today() -> tuple[datetime, datetime]:
    return board_day(datetime.now(PARIS).date())


def waiting(database: Any, minutes: int, state: str = "waiting", site: str = "hall") -> None:
    with psycopg.connect(database.writer) as writer:
        writer.execute(
            "INSERT INTO visit (visit_id, version, history, last_event_at, state, business_date,"
            " site, directorate, service, persons, test, stay_started_at, first_called_at)"
            " SELECT gen_random_uuid(), 1, '{}', now(), %(state)s,"
            " (now() AT TIME ZONE time_zone)::date, code, 'dcl', 'titres', 1, false,"
            " now() - %(ago)s, CASE WHEN %(state)s <> 'waiting' THEN now() END"
            " FROM site WHERE code = %(site)s",
            {"state": state, "ago": timedelta(minutes=minutes), "site": site},
        )


def ask(
    database: Any, board: str, name: str, span: tuple[datetime, datetime], **chosen: Value
) -> list[tuple[Any, ...]]:
    """The rows of a panel's query, as the reader; both directorates that tests count are chosen."""
    values: dict[str, Value] = {"directorate": ["dcl", "dmi"], **chosen}
    statement = expanded(load_queries("dashboards", f"sql/{board}.sql")[name], *span, values)
    with psycopg.connect(database.reader, options="-c timezone=UTC") as reader:
        return reader.execute(statement).fetchall()
