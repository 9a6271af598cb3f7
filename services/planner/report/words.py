"""Words and cells of the report in a language: `wording.toml`."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.catalogue import Language
from services.planner.period import Period, label_of
from services.planner.report.content import Absent, Cell, Column, Line, Names, Unit
from services.planner.report.spans import grain_of
from services.planner.wording import day, number, percent

ESTIMATED = "≈ "


@cache
def _texts() -> dict[str, dict[str, Any]]:
    file = resources.files(__package__).joinpath("wording.toml")
    return tomllib.loads(file.read_text("utf-8"))


class Words:
    """What keys and cells are called in a language; days and hours are those of a time zone."""

    def __init__(self, language: Language, names: Names, time_zone: str) -> None:
        self.language = language
        self._names = names
        self._zone = ZoneInfo(time_zone)

    def say(self, group: str, key: str, **values: str) -> str:
        """A text, with `{name}` replaced by the value of that name. Raises KeyError."""
        text: str = _texts()[group][key][self.language]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def source(self, table: str) -> str:
        """The views that a table is read from."""
        text: str = _texts()["source"][table]
        return text

    def column(self, column: Column) -> str:
        """The heading of a column."""
        kind, _, code = column.key.partition(":")
        if kind == "directorate":
            return code.upper()
        if kind == "to":
            return self.say("column", kind, directorate=code.upper())
        if kind in ("channel", "weekday"):
            return self.say(kind, code)
        if kind == "within":
            return self.say("column", kind, minutes=f"{int(code) // 60}")
        return self.say("column", kind)

    def definition(self, column: Column) -> str:
        """What a column counts."""
        return self.say("definition", column.key.partition(":")[0])

    def line(self, line: Line) -> str:
        """The heading of a line."""
        return self.label(line.key)

    def label(self, key: str) -> str:
        """What the key of a line, or of a bar, is called."""
        kind, _, code = key.partition(":")
        first, _, second = code.partition("/")
        match kind:
            case "directorate":
                return f"{code.upper()} – {self._names.directorates.get(code, code)}"
            case "service":
                return self._names.services.get(code, code)
            case "site" if second:
                return self.label(second)
            case "site":
                return self._names.sites.get(code, code)
            case "piece":
                return self._piece(code)
            case "hour":
                return self._hour(int(code))
            case "device":
                return first
            case "closed":
                return day(date.fromisoformat(first), self.language)
            case "elsewhere":
                name = self.say("elsewhere", first)
                return f"{name} – {second}" if second else name
            case "within":
                return self.say("line", kind, minutes=f"{int(code) // 60}")
            case _:
                return self.say("line", key)

    def cell(self, cell: Cell, unit: Unit, *, estimated: bool = False) -> str:
        """A cell as it is printed; the three marks are never a number."""
        if isinstance(cell, Absent):
            return self.say("mark", cell.value)
        text = self._value(cell, unit)
        return f"{ESTIMATED}{text}" if estimated else text

    def moment(self, at: datetime) -> str:
        """A local day and time."""
        local = at.astimezone(self._zone)
        clock = f"{local:%H} h {local:%M}" if self.language == "fr" else f"{local:%H:%M}"
        return f"{day(local.date(), self.language)}, {clock}"

    def period(self, period: Period) -> str:
        """`2e semestre 2025`, and the like for the other pieces of the calendar."""
        year, label = f"{period.first.year}", label_of(period.first, grain_of(period))
        match grain_of(period):
            case "half":
                return self.say("period", f"half_{label[-1]}", year=year)
            case "quarter":
                ordinal = "1er" if label[-1] == "1" else f"{label[-1]}e"
                return self.say("period", "quarter", n=label[-1], ordinal=ordinal, year=year)
            case "month":
                return self._piece(label)
            case "week":
                return self.say("period", "week", n=label[-2:].lstrip("0"), year=label[:4])
            case "day":
                return self._long_day(period.first)
            case _:
                return year

    def _value(self, value: int | float | str | date | datetime, unit: Unit) -> str:
        if isinstance(value, datetime):
            local = value.astimezone(self._zone)
            return f"{self._long_day(local.date())}, {self._hour(local.hour)}"
        if isinstance(value, date):
            return self._long_day(value) if unit == "text" else day(value, self.language)
        if isinstance(value, str):
            return self._text(value)
        match unit:
            case "percent":
                return percent(value, self.language, decimals=1)
            case "change":
                # A minus sign, not a hyphen; and no sign on what rounds to nothing.
                text = percent(round(value, 3) + 0.0, self.language, signed=True, decimals=1)
                return text.replace("-", "−")
            case "rate":
                return number(value, self.language, 1)
            case "minutes":
                return number(value, self.language, 0 if isinstance(value, int) else 1)
            case _:
                return number(value, self.language)

    def _text(self, value: str) -> str:
        if value.startswith("site:"):
            return ", ".join(map(self.label, value.split()))
        # Public holidays by their name here; what people wrote stands as it is.
        for group in ("text", "closed"):
            if value in _texts()[group]:
                return self.say(group, value)
        return value

    def _piece(self, code: str) -> str:
        if len(code) == len("2025-10"):
            return f"{self.say('month', str(int(code[5:])))} {code[:4]}"
        return day(date.fromisoformat(code), self.language)

    def _hour(self, hour: int) -> str:
        if self.language == "fr":
            return f"{hour} h – {hour + 1} h"
        return f"{hour:02}:00–{hour + 1:02}:00"

    def _long_day(self, of: date) -> str:
        return f"{self.say('weekday', str(of.isoweekday()))} {day(of, self.language)}"
