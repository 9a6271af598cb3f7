"""Tables of people: flow, compared, channels, transfers, waits, outcomes, sites, key figures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tests.report_by_hand.known import (
    MISSING,
    NOT_APPLICABLE,
    Asked,
    Between,
    Known,
    change,
    quantile,
    share,
)
from tests.report_by_hand.visits import Stay, Visit

OUTCOMES = ("served", "transferred", "no_show", "left", "cancelled", "auto_closed", "still_open")
THRESHOLD_MIN = 20
COLUMNS = {
    "flow": ("passages", "share", "persons", "visits", "per_open_day", "per_open_hour"),
    "compared": (
        "per_open_day",
        "previous_per_open_day",
        "previous_change",
        "comparable_passages",
        "comparable_before",
        "comparable_change",
    ),
    "channels": (
        "channel:kiosk",
        "channel:reception",
        "channel:appointment",
        "passages",
        "direct",
    ),
    "transfers": ("transferred", "redirected", "came_in"),
    "waits": ("waits", "mean_wait", "p50_wait", "p90_wait", "within:1200", "censored"),
    "outcomes": ("queue_entries", *OUTCOMES),
}
"""What is not applicable to a directorate that receives nobody."""


def put_people(known: Known) -> None:
    """Everything that is a count of people, or follows from one."""
    for table, columns in COLUMNS.items():
        for line, asked in known.lines(with_services=table in ("flow", "compared", "waits")):
            if asked is None:
                known.put(table, line, **dict.fromkeys(columns, NOT_APPLICABLE))
    for line, asked in known.lines(with_services=True):
        if asked is None:
            continue
        known.put("flow", line, **_flow(known, asked))
        known.put("compared", line, **_compared(known, asked))
        known.put("waits", line, **_waits(known, asked))
        if not line.startswith("service:"):
            known.put("channels", line, **_channels(known, asked))
            known.put("transfers", line, **_transfers(known, asked))
            known.put("outcomes", line, **_outcomes(known, asked))
    _pairs(known)
    for site in known.sites:
        known.put("sites", f"site:{site}", **_site(known, lambda at, _, s=site: at == s))
        for code, _ in known.directorates():
            for service in known.services(code):

                def asked(at: str, stay: Stay, s: str = site, of: str = service) -> bool:
                    return at == s and stay.service == of

                if _stays(known, asked):
                    known.put("sites", f"site:{site}/service:{service}", **_site(known, asked))
    known.put("sites", "total", **_site(known, lambda at, stay: True))
    for line, table, column in (
        ("passages", "flow", "passages"),
        ("persons", "flow", "persons"),
        ("visits", "flow", "visits"),
        ("per_open_day", "flow", "per_open_day"),
        ("p50_wait", "waits", "p50_wait"),
        ("within:1200", "waits", "within:1200"),
    ):
        known.put("summary", line, value=known.figures[table, "total", column])


def _passing(visits: Sequence[Visit], asked: Asked) -> list[Visit]:
    """Each visit counts where it began."""
    return [visit for visit in visits if asked(visit.site, visit.stays[0])]


def _stays(known: Known, asked: Asked) -> list[Stay]:
    return [stay for visit in known.now for stay in visit.stays if asked(visit.site, stay)]


def _flow(known: Known, asked: Asked) -> dict[str, float | str]:
    passing, sites = _passing(known.now, asked), known.sites_of(asked)
    days = known.days_seen(sites)
    open_minutes = sum(
        len(
            set().union(
                *(known.opening.minutes(site, day) for site in sites if day in known.seen[site])
            )
        )
        for day in days
    )
    return {
        "passages": len(passing),
        "share": share(len(passing), len(known.now)),
        "persons": sum(visit.persons for visit in passing),
        "visits": sum(stay.outcome == "served" for stay in _stays(known, asked)),
        "per_open_day": share(len(passing), len(days)),
        "per_open_hour": share(len(passing), open_minutes / 60),
    }


def _compared(known: Known, asked: Asked) -> dict[str, float | str]:
    sites = known.sites_of(asked)
    rate = share(len(_passing(known.now, asked)), len(known.days_seen(sites)))
    days = {
        visit.day
        for visit in known.previous
        if visit.site in sites and known.is_open(visit.site, visit.day)
    }
    previous = len(_passing(known.previous, asked)) / len(days) if days else MISSING
    pairs = {at: before for at, before in known.pairs.items() if at[0] in sites}
    after: float | str = MISSING
    before: float | str = MISSING
    if pairs:
        thens = {(site, then) for (site, _), then in pairs.items()}
        after = sum((v.site, v.day) in pairs for v in _passing(known.now, asked))
        before = sum((v.site, v.day) in thens for v in _passing(known.last_year, asked))
    if not sites:
        # Nobody ever came: there is no day to compare.
        previous = after = before = NOT_APPLICABLE
    return {
        "per_open_day": rate,
        "previous_per_open_day": previous,
        "previous_change": change(rate, previous),
        "comparable_passages": after,
        "comparable_before": before,
        "comparable_change": change(after, before),
    }


def _channels(known: Known, asked: Asked) -> dict[str, float | str]:
    passing = _passing(known.now, asked)
    return {
        **{
            f"channel:{one}": sum(visit.channel == one for visit in passing)
            for one in ("kiosk", "reception", "appointment")
        },
        "passages": len(passing),
        "direct": sum(visit.direct for visit in passing),
    }


def _transfers(known: Known, asked: Asked) -> dict[str, float | str]:
    stays = _stays(known, asked)
    return {
        "transferred": sum(stay.outcome == "transferred" for stay in stays),
        "redirected": sum(stay.redirected for stay in stays),
        "came_in": sum(asked(visit.site, stay) for visit in known.now for stay in visit.stays[1:]),
    }


def _pairs(known: Known) -> None:
    """Who was sent on, from the directorate of the line to that of the column."""
    sent = [pair for visit in known.now for pair in pairwise(visit.stays)]
    for origin, is_public in known.directorates():
        line = f"directorate:{origin}"
        for other, receives in known.directorates():
            n = sum((a.directorate, b.directorate) == (origin, other) for a, b in sent)
            known.put(
                "pairs", line, **{f"to:{other}": n if is_public and receives else NOT_APPLICABLE}
            )
        whole = sum(a.directorate == origin for a, _ in sent)
        known.put("pairs", line, sent_from=whole if is_public else NOT_APPLICABLE)
        came_in = sum(b.directorate == origin for _, b in sent)
        known.put("pairs", "total", **{f"to:{origin}": came_in if is_public else NOT_APPLICABLE})
    known.put("pairs", "total", sent_from=len(sent))


def _outcomes(known: Known, asked: Asked) -> dict[str, float | str]:
    stays = _stays(known, asked)
    return {
        "queue_entries": len(stays),
        **{one: sum(stay.outcome == one for stay in stays) for one in OUTCOMES},
    }


def _waits(known: Known, asked: Asked) -> dict[str, float | str | Between]:
    stays = _stays(known, asked)
    waits = sorted(stay.wait_min for stay in stays if stay.wait_min is not None)
    open_ones = sum(v.is_waiting for v in known.now if asked(v.site, v.stays[-1]))
    return {
        "waits": len(waits),
        "mean_wait": share(sum(waits), len(waits)),
        "p50_wait": about(waits, 0.5),
        "p90_wait": about(waits, 0.9),
        "within:1200": within(waits, open_ones),
        "censored": open_ones,
    }


def _site(known: Known, asked: Asked) -> dict[str, float | str | Between]:
    passing = _passing(known.now, asked)
    waits = _waits(known, asked)
    return {
        "passages": len(passing),
        "share": share(len(passing), len(known.now)),
        "persons": sum(visit.persons for visit in passing),
        "visits": sum(stay.outcome == "served" for stay in _stays(known, asked)),
        "per_open_day": share(len(passing), len(known.days_seen(known.sites_of(asked)))),
        "p50_wait": waits["p50_wait"],
        "within:1200": waits["within:1200"],
    }


def about(waits: list[float], q: float) -> Between | str:
    """The quantile within 2 %; a wait of less than a second may be 0."""
    if not waits:
        return NOT_APPLICABLE
    exact = quantile(waits, q)
    return Between(exact * 0.98 - 1 / 60, exact * 1.02 + 1 / 60)


def within(waits: list[float], open_ones: int) -> Between | str:
    """The share within the threshold; only waits within 2 % of it may fall on the wrong side."""
    n = len(waits) + open_ones
    if not n:
        return NOT_APPLICABLE
    low, high = (
        sum(wait <= THRESHOLD_MIN * factor for wait in waits) / n for factor in (0.98, 1.02)
    )
    return Between(low, high)
