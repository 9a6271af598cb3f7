"""Pure reading of single cells: labels, whole numbers, local times. Raises BadRow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from services.importer.errors import BadRow
from services.importer.mapping import EXCEL

_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_HOUR = re.compile(r"(\d{1,2})\s*(?:h|:)?\s*(\d{2})?(?::\d{2})?(?!\d)", re.IGNORECASE)
_EXCEL_ZERO = date(1899, 12, 30)


def text_of(cell: Any) -> str:
    """The cell as text: trimmed, spaces of any kind as one plain space, 12.0 as 12."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return _SPACES.sub(" ", str(cell)).strip()


def label_of(cell: Any) -> str:
    """The cell as a label to be compared: `text_of` in lower case."""
    return text_of(cell).casefold()


def whole_number(cell: Any, name: str, *, decimal: str, thousands: str) -> int | None:
    """A count, or None for an empty cell. `1 234`, `1 234,0`; never negative, never a part."""
    if isinstance(cell, bool):
        raise BadRow("not a number", f"{name} is {cell}")
    value: float
    if isinstance(cell, int | float):
        value = cell
    else:
        text = text_of(cell)
        if not text:
            return None
        value = _number(text, name, decimal, thousands)
    if value < 0:
        raise BadRow("negative count", f"{name} is {text_of(cell)}")
    if value != int(value):
        raise BadRow("not a whole number", f"{name} is {text_of(cell)}")
    return int(value)


def _number(text: str, name: str, decimal: str, thousands: str) -> float:
    if not _number_pattern(decimal, thousands).fullmatch(text):
        hint = ""
        other = "." if decimal == "," else ","
        if _number_pattern(other, thousands).fullmatch(text):
            hint = f'; the mapping says `decimal: "{decimal}"`'
        elif _number_pattern(decimal, other).fullmatch(text):
            hint = f'; if it groups thousands, say `thousands: "{other}"`'
        raise BadRow("not a number", f"{name} is {text!r}{hint}")
    plain = text.replace(" ", "")
    if thousands:
        plain = plain.replace(thousands, "")
    return float(plain.replace(decimal, "."))


@lru_cache
def _number_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    separator = "[ " + re.escape(thousands) + "]"
    return re.compile(rf"[+-]?(\d+|\d{{1,3}}({separator}\d{{3}})+)({re.escape(decimal)}\d+)?")


def wall_time(
    cells: Sequence[Any], name: str, formats: Sequence[str], zone: tzinfo, day: date | None = None
) -> datetime | None:
    """The local time of one cell, or of a date and a time in two; None when all are empty.

    Aware, by `zone` unless the text has an offset of its own. A time alone is one of `day`.
    """
    filled = [cell for cell in cells if text_of(cell)]
    if not filled:
        return None
    found = _typed(filled, day)
    if found is None:
        text = " ".join(text_of(cell) for cell in filled)
        found = _parsed(text, name, formats, day)
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _typed(cells: Sequence[Any], day: date | None) -> datetime | None:
    """What a spreadsheet holds as a date or time."""
    whole: date | None = day
    clock: time | None = None
    for cell in cells:
        if isinstance(cell, datetime):
            whole = cell.date()
            if cell.time() != time(0) or clock is None:
                clock = cell.time()
        elif isinstance(cell, date):
            whole = cell
        elif isinstance(cell, time):
            clock = cell
        elif isinstance(cell, timedelta) and timedelta(0) <= cell < timedelta(days=1):
            clock = (datetime.min + cell).time()  # noqa: DTZ901 a time of day only
        else:
            return None
    return datetime.combine(whole, clock or time(0)) if whole else None


def _parsed(text: str, name: str, formats: Sequence[str], day: date | None) -> datetime:
    for one in formats:
        at = _day_number(text) if one == EXCEL else _by_format(text, one)
        if at is not None and one != EXCEL and not _has_date(one):
            at = datetime.combine(day, at.timetz()) if day else None
        if at is not None:
            return at
    expected = " or ".join(formats)
    hint = ""
    if EXCEL not in formats and _day_number(text) is not None:
        hint = f"; if it is a spreadsheet's day number, add {EXCEL!r} to `dates`"
    raise BadRow("not a date", f"{name} is {text!r}; the mapping expects {expected}{hint}")


# Times of day come again and again, and strptime is slow, most of all where a format does not fit.
@lru_cache(maxsize=100_000)
def _by_format(text: str, date_format: str) -> datetime | None:
    try:
        return datetime.strptime(text, date_format)  # noqa: DTZ007 the caller adds the site's zone
    except ValueError:
        return None


def _has_date(date_format: str) -> bool:
    return any(mark in date_format for mark in ("%d", "%j", "%x", "%c", "%Y", "%y"))


def _day_number(text: str) -> datetime | None:
    try:
        days = float(text.replace(",", "."))
    except ValueError:
        return None
    if not 20_000 <= days < 100_000:
        return None
    # Whole seconds: 45292.375 is not exact in binary.
    return datetime.combine(_EXCEL_ZERO, time(0)) + timedelta(seconds=round(days * 86_400))


def hour_of(cell: Any, name: str) -> int:
    """The hour that begins: of 9, `09:00`, `9h`, `09h-10h`, a time. Raises BadRow for 09:30."""
    if isinstance(cell, datetime):
        cell = cell.time()
    if isinstance(cell, time):
        hour, minute = cell.hour, cell.minute
    else:
        match = _HOUR.match(text_of(cell))
        if match is None:
            raise BadRow("not an hour", f"{name} is {text_of(cell)!r}; expected 9, 09:00 or 9h")
        hour, minute = int(match[1]), int(match[2] or 0)
    if hour > 23:
        raise BadRow("not an hour", f"{name} is {text_of(cell)!r}; hours run from 0 to 23")
    if minute:
        raise BadRow("not a whole hour", f"{name} is {text_of(cell)!r}")
    return hour
