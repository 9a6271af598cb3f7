"""Times as vendors write them, as instants. Of two, none is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.adapters.fields import TimeFormat
from services.adapters.refusals import RefusalReason
from services.core.local_times import instants

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,16}(\.[0-9]{1,9})?")
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
# Seconds taken for milliseconds, and the other way round, land outside.
_YEARS = range(2000, 2100)


def instant_of(text: str, time: TimeFormat) -> datetime | RefusalReason:
    """The instant (UTC) of a time, by the format, the zone and the rule of the mapping."""
    stated = _parsed(text, time)
    if stated is None or stated.year not in _YEARS:
        return RefusalReason.NOT_A_TIME
    if stated.tzinfo is not None:
        return stated.astimezone(UTC)
    zone = ZoneInfo(time.zone)
    found = instants(stated.replace(tzinfo=zone), zone)
    if not found:
        return RefusalReason.SKIPPED_TIME
    if len(found) == 1 or time.ambiguous == "first":
        return found[0]
    return found[1] if time.ambiguous == "second" else RefusalReason.AMBIGUOUS_TIME


def _parsed(text: str, time: TimeFormat) -> datetime | None:
    if time.format in ("epoch_s", "epoch_ms"):
        return _since_1970(text, 1.0 if time.format == "epoch_s" else 0.001)
    try:
        if time.format == "iso":
            return datetime.fromisoformat(text) if _DATE_AND_TIME.match(text) else None
        return datetime.strptime(text, time.format)  # noqa: DTZ007 the caller adds the zone
    except ValueError:
        return None


def _since_1970(text: str, unit_s: float) -> datetime | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=round(float(text) * unit_s * 1000))
    except OverflowError:
        return None
