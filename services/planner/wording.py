"""Numbers and days as people write them: 1 234,5 and 24/11/2026 in French, ISO 8601 in English."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from dashboards.catalogue import Language

if TYPE_CHECKING:
    # What is wrong with a period is worded with this module.
    from services.planner.period import Period

NARROW_SPACE = "\u202f"
"""Between thousands, as French typography wants it: does not break, and is narrow."""


def number(value: float, language: Language, decimals: int = 0) -> str:
    """1 234,5 in French and 1,234.5 in English."""
    text = f"{value:,.{decimals}f}"
    if language == "fr":
        return text.replace(",", NARROW_SPACE).replace(".", ",")
    return text


def percent(share: float, language: Language, *, signed: bool = False, decimals: int = 0) -> str:
    """A share of 1 in percent."""
    text = f"{share * 100:{'+' if signed else ''}.{decimals}f}"
    if language == "fr":
        return f"{text.replace('.', ',')}{NARROW_SPACE}%"
    return f"{text}%"


def day(of: date, language: Language) -> str:
    """24/11/2026 or 2026-11-24."""
    return f"{of:%d/%m/%Y}" if language == "fr" else of.isoformat()


def span(period: Period, language: Language) -> str:
    """One day, or the first and the last."""
    if period.first == period.last:
        return day(period.first, language)
    until = " au " if language == "fr" else " to "
    return f"{day(period.first, language)}{until}{day(period.last, language)}"
