"""What the page's script draws: the figures of the table, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from dashboards.palette import GREY, directorate_colours
from services.planner.comparison import Compared
from services.planner.web.figures import MeasureShown, figure, name_of


def chart_of(
    pairs: Sequence[Compared],
    measure: MeasureShown,
    say: Mapping[str, str],
    *,
    with_other: bool,
    colours: Mapping[str, str],
    time_zone: str,
) -> dict[str, Any]:
    """Series over time; a point is null where nothing is known, and the line has a gap there."""
    rows = [pair.row for pair in pairs]
    times = sorted({row.at for row in rows})
    names = list(dict.fromkeys(name_of(row, say) for row in rows))
    # What is no directorate has its colour by its place, too.
    by_place = directorate_colours(names)
    now = {(row.at, name_of(row, say)): figure(row, measure) for row in rows}
    series = [
        {
            "label": name,
            "color": colours.get(name.lower(), by_place[name]),
            "values": [now.get((at, name)) for at in times],
        }
        for name in names
    ]
    if with_other:
        before = {
            (pair.row.at, name_of(pair.row, say)): figure(pair.other, measure)
            for pair in pairs
            if pair.other is not None
        }
        series += [
            {
                "label": f"{name} ({say['before']})",
                "color": GREY,
                "dash": [6, 4],
                "values": [before.get((at, name)) for at in times],
            }
            for name in names
        ]
    return {
        "timeLabel": say["piece"],
        "times": [_seconds(row_at) for row_at in times],
        "series": series,
        "timeZone": time_zone if times and isinstance(times[0], datetime) else "UTC",
    }


def _seconds(at: Any) -> int:
    """Seconds since 1970 of an instant, or of a day's first moment in UTC."""
    instant = at if isinstance(at, datetime) else datetime.combine(at, time(0), UTC)
    return int(instant.timestamp())
