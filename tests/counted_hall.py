"""A hall whose counts are put in by hand, and what Flux par direction says of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.grafana_macros import Value, expanded
from benchmarks.panels import panels
from dashboards.catalogue import Catalogue

PARIS = ZoneInfo("Europe/Paris")
WHOLE_QUARTER = 0b111_1111_1111_1111


def paris(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), PARIS).astimezone(UTC)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def weekdays(first: date, last: date) -> list[date]:
    return [day for day in days(first, last) if day.isoweekday() <= 5]


class Hall:
    """A site with one kiosk, and what the board says of it."""

    def __init__(
        self,
        database: Any,
        owner: psycopg.Connection[Any],
        reader: psycopg.Connection[Any],
        code: str,
    ) -> None:
        self.database = database
        self.owner = owner
        self.reader = reader
        self.code = code
        self.execute(
            "INSERT INTO site (code, name, time_zone, business_day_starts)"
            " VALUES (%(site)s, %(site)s, 'Europe/Paris', '04:00')"
        )
        self.execute("INSERT INTO device (code, site, kind) VALUES (%(site)s, %(site)s, 'kiosk')")

    def execute(self, statement: str, **values: Any) -> None:
        self.owner.execute(statement, {"site": self.code, **values})

    def opens(self, opens: str, closes: str, last_weekday: int = 7) -> None:
        self.execute(
            "INSERT INTO opening_hours (site, weekday, opens, closes) SELECT %(site)s, weekday,"
            " %(opens)s::time, %(closes)s::time FROM generate_series(1, %(last)s) AS weekday",
            opens=opens,
            closes=closes,
            last=last_weekday,
        )

    def is_closed(self, day: date) -> None:
        self.execute("INSERT INTO closed_day VALUES (%(site)s, %(day)s, 'férié')", day=day)

    def came(self, at: datetime, passages: int, directorate: str = "dcl", **measures: int) -> None:
        """Passages in a quarter of an hour, and in the day that it belongs to."""
        columns = {"passages": passages, **measures}
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(f"%({name})s" for name in columns)
        sums = ", ".join(f'"{n}" = day."{n}" + EXCLUDED."{n}"' for n in columns)
        key = "directorate, service, channel"
        for table, when, more in (
            ("footfall", "bucket_start", ""),
            ("footfall_day AS day", "local_date", f"ON CONFLICT DO UPDATE SET {sums}"),
        ):
            at_or_day = at if when == "bucket_start" else at.astimezone(PARIS).date()
            on = more.replace("CONFLICT", "CONFLICT ON CONSTRAINT footfall_day_key")
            self.execute(
                f"INSERT INTO {table} ({when}, site, {key}, {names})"
                f" VALUES (%(at)s, %(site)s, %(directorate)s, 'titres', 'kiosk', {values}) {on}",
                at=at_or_day,
                directorate=directorate,
                **columns,
            )

    def heard(self, starts: datetime, hours: float, minutes: int = WHOLE_QUARTER) -> None:
        """The kiosk vouches for these hours."""
        with self.owner.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO coverage VALUES (%s, %s, %s, %s)",
                [
                    (starts + timedelta(minutes=15 * n), self.code, self.code, minutes)
                    for n in range(int(hours * 4))
                ],
            )

    def reads(
        self,
        name: str,
        first: date,
        last: date,
        grain: str = "day",
        choice: Mapping[str, Value] | None = None,
    ) -> list[dict[str, Any]]:
        """The rows that a panel draws for these days, as the reader."""
        title = Catalogue("fr")(f"directorate_flow.{name}.title")
        (panel,) = [panel for panel in panels() if panel.json["title"] == title]
        variables: dict[str, Value] = {
            "site": [self.code],
            "directorate": ["dcl", "dmi"],
            "service": ["titres"],
            "channel": ["kiosk", "reception", "appointment", "online"],
            "grain": grain,
            **(choice or {}),
        }
        sql = expanded(
            panel.json["targets"][0]["rawSql"],
            paris(first),
            paris(last + timedelta(days=1)) - timedelta(milliseconds=1),
            variables,
        )
        return self.reader.execute(sql).fetchall()
