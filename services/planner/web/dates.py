"""Days, hours and periods as people write them: JJ/MM/AAAA in French, ISO 8601 in English."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from dashboards.catalogue import Language
from services.planner.flow import Row
from services.planner.period import Period


def day(of: date, language: Language) -> str:
    """24/11/2026 or 2026-11-24."""
    return f"{of:%d/%m/%Y}" if language == "fr" else of.isoformat()


def span(period: Period, language: Language) -> str:
    """One day, or the first and the last."""
    if period.first == period.last:
        return day(period.first, language)
    until = " au " if language == "fr" else " to "
    return f"{day(period.first, language)}{until}{day(period.last, language)}"


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
