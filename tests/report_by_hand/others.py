"""Tables that nobody counted: who receives nobody, and figures that others hand in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from tests.report_by_hand.known import MISSING, NOT_APPLICABLE, Figure, Known

INDICATORS = (
    "calls_received",
    "calls_answered",
    "web_connections",
    "complaint_delay",
    "satisfaction",
)


def put_others(known: Known, handed_in: str) -> None:
    """Lines of the registry, and lines of the CSV that was handed in."""
    for code, is_public in known.directorates():
        if not is_public:
            keys = (f"directorate:{code}", *(f"service:{one}" for one in known.services(code)))
            for key in keys:
                columns = ("passages", "visits", "waits")
                known.put("absent", key, **dict.fromkeys(columns, NOT_APPLICABLE), why="no_public")
    _elsewhere(known, csv.DictReader(io.StringIO(handed_in), delimiter=";"))


def _elsewhere(known: Known, rows: Iterable[dict[str, str]]) -> None:
    left = set(INDICATORS)
    for row in rows:
        left.discard(row["indicator"])
        scope = f"/{row['scope']}" if row["scope"] else ""
        as_of: Figure = NOT_APPLICABLE
        if row["as_of"]:
            as_of = datetime.strptime(row["as_of"], "%d/%m/%Y").date()  # noqa: DTZ007
        known.put(
            "elsewhere",
            f"elsewhere:{row['indicator']}{scope}",
            value=_number(row["value"]),
            as_of=as_of,
            source=row["source"],
        )
    for indicator in left:
        key = f"elsewhere:{indicator}"
        known.put("elsewhere", key, value=MISSING, as_of=MISSING, source=MISSING)


def _number(text: str) -> float | str:
    if text in ("s.o.", "n.d."):
        return NOT_APPLICABLE if text == "s.o." else MISSING
    plain = text.replace(" ", "").replace(",", ".")
    return float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)
