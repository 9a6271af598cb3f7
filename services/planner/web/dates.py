"""Pieces of time as people write them, on the local clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.catalogue import Language
from services.planner.flow import Row
from services.planner.wording import day


def piece(row: Row, language: Language, time_zone: str) -> str:
    """A row's piece of time on the local clock; an hour that comes twice has its offset."""
    if not isinstance(row.at, datetime):
        # Weeks, months and longer keep the names by which they can be asked for.
        return row.label if len(row.label) < 10 else day(row.at, language)
    local = row.at.astimezone(ZoneInfo(time_zone))
    text = f"{day(local.date(), language)} {local:%H:%M}"
    return f"{text} (UTC{local:%z})" if _comes_twice(local) else text


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
