"""Tables of time: the series, the typical week, the peaks, opening, gaps, silences; the cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date
from statistics import median

from tests.report_by_hand.known import (
    MISSING,
    NOT_APPLICABLE,
    Figure,
    Known,
    hour_of,
    local,
    quantile,
    share,
)
from tests.report_by_hand.visits import PARIS


def put_times(known: Known) -> None:
    """Everything that is cut by time, or is a stretch of it."""
    _series(known)
    _profile(known)
    _peaks(known)
    for line, sites in (*((f"site:{one}", [one]) for one in known.sites), ("total", known.sites)):
        known.put("open", line, **_open(known, sites))
        known.put("gaps", line, **_gaps(known, sites))
    _silences(known)
    _closures(known)


def _series(known: Known) -> None:
    def piece(day: date) -> str:
        return f"{day:%Y-%m}" if known.by_months else day.isoformat()

    def none(one: str, sites: Collection[str]) -> Figure:
        """What stands where nobody came: 0 only where somebody would have been seen."""
        if any(piece(day) == one for day in known.days_seen(sites)) or not sites:
            return 0
        opened = {piece(day) for day in known.span.days() for s in sites if known.is_open(s, day)}
        return MISSING if one in opened else NOT_APPLICABLE

    seen = Counter(piece(day) for day in known.days_seen(known.sites))
    came = Counter((piece(visit.day), visit.stays[0].directorate) for visit in known.now)
    for one in sorted({piece(day) for day in known.span.days()}):
        of_piece = sum(n for (of, _), n in came.items() if of == one)
        known.put("series", f"piece:{one}", seen_days=seen[one])
        for code, is_public in known.directorates():
            sites = known.sites_of(lambda _, stay, d=code: stay.directorate == d)
            cell: Figure = came[one, code] or none(one, sites)
            column = f"directorate:{code}"
            known.put("series", f"piece:{one}", **{column: cell if is_public else NOT_APPLICABLE})
        passages = of_piece or none(one, known.sites)
        known.put("series", f"piece:{one}", passages=passages)
        known.put("series", f"piece:{one}", per_open_day=share(passages, seen[one]))
    for code, is_public in known.directorates():
        total = sum(n for (_, of), n in came.items() if of == code)
        known.put(
            "series", "total", **{f"directorate:{code}": total if is_public else "not_applicable"}
        )
    days = len(known.days_seen(known.sites))
    known.put("series", "total", passages=len(known.now), seen_days=days)
    known.put("series", "total", per_open_day=share(len(known.now), days))


def _profile(known: Known) -> None:
    days = Counter(day.isoweekday() for day in known.days_seen(known.sites))
    came = Counter(
        (visit.day.isoweekday(), visit.arrived.astimezone(PARIS).hour) for visit in known.now
    )
    opened = {
        (day.isoweekday(), minute // 60)
        for day in known.span.days()
        for site in known.sites
        for minute in known.opening.minutes(site, day)
    }
    for hour in {hour for weekday, hour in opened | set(came) if days[weekday]}:
        for weekday, number in days.items():
            is_cell = (weekday, hour) in opened | set(came)
            figure = came[weekday, hour] / number if is_cell else NOT_APPLICABLE
            known.put("profile", f"hour:{hour:02}", **{f"weekday:{weekday}": figure})


def _peaks(known: Known) -> None:
    days = Counter(visit.day for visit in known.now)
    hours = Counter(hour_of(visit.arrived) for visit in known.now)
    heard = {
        local(day, hour * 60).astimezone(next(iter(hours)).tzinfo)
        for day in known.span.days()
        for site in known.sites
        for hour, (_, minutes) in known.opening.hours(site, day).items()
        if minutes
    }
    counts = sorted(hours[one] for one in heard | set(hours))
    day = max(days, key=lambda one: (days[one], one))
    hour = max(hours, key=lambda one: (hours[one], one))
    known.put("peaks", "busiest_day", when=day, passages=days[day])
    known.put("peaks", "busiest_hour", when=hour, passages=hours[hour])
    known.put("peaks", "p95_hour", when=NOT_APPLICABLE, passages=quantile(counts, 0.95))
    known.put("peaks", "p50_hour", when=NOT_APPLICABLE, passages=quantile(counts, 0.5))


def _open(known: Known, sites: list[str]) -> dict[str, Figure]:
    days = {day for day in known.span.days() for one in sites if known.is_open(one, day)}
    minutes = sum(len(known.opening.minutes(one, day)) for one in sites for day in days)
    return {
        "open_days": len(days),
        "seen_days": len(known.days_seen(sites)),
        "open_hours": minutes / 60,
        "coverage": coverage(known, sites),
        "comparable_days": len({day for site, day in known.pairs if site in sites}),
    }


def _closures(known: Known) -> None:
    for day in known.span.days():
        sites = [one for one in known.sites if known.opening.ordinarily(one, day)]
        if day in known.opening.closed and sites:
            where = "all_sites" if sites == known.sites else " ".join(f"site:{s}" for s in sites)
            reason = known.opening.closed[day]
            known.put("closures", f"closed:{day}/{sites[0]}", day=day, reason=reason, where=where)


def coverage(known: Known, sites: list[str]) -> float:
    """Of the open minutes of all devices, the share that they vouch for."""
    hours = [
        hour
        for site in sites
        for day in known.span.days()
        for hour in known.opening.hours(site, day).values()
    ]
    return sum(heard for _, heard in hours) / sum(opened for opened, _ in hours)


def _gaps(known: Known, sites: list[str]) -> dict[str, Figure]:
    hours = [
        hour
        for site in sites
        for day in known.span.days()
        for hour in known.opening.hours(site, day).values()
    ]
    missed = [_missed(known, site) for site in sites]
    guessed = [one for one in missed if one is not None]
    return {
        "coverage": coverage(known, sites),
        "hours_low": sum(heard < 0.9 * opened for opened, heard in hours),
        "hours_unheard": sum(heard == 0 for _, heard in hours),
        "missed": sum(guessed) if len(guessed) == len(missed) else MISSING,
    }


def _missed(known: Known, site: str) -> float | None:
    """What such an hour usually has, less what was counted; None where most were not seen."""
    came = Counter(
        (visit.day, visit.arrived.astimezone(PARIS).hour)
        for visit in known.now
        if visit.site == site
    )
    well, badly = [], []
    for day in known.span.days():
        for hour, (opened, heard) in known.opening.hours(site, day).items():
            (badly if heard < 0.9 * opened else well).append((day, hour))
    if len(badly) > len(well):
        return None
    missed = 0.0
    for day, hour in badly:
        like = [
            came[other, at]
            for other, at in well
            if (other.isoweekday(), at) == (day.isoweekday(), hour)
        ]
        if like:
            missed += max(0.0, median(like) - came[day, hour])
    return missed


def _silences(known: Known) -> None:
    found = []
    for site in known.sites:
        for day in known.span.days():
            for device in known.opening.devices(site):
                opened = known.opening.minutes(site, day)
                silent = len(opened - known.opening.heard(device, day))
                if silent >= 5:
                    found.append((-silent, day, site, device))
    for silent, day, site, device in sorted(found)[:10]:
        known.put(
            "silences", f"device:{device}/{day}", day=day, site_name=f"site:{site}", silent=-silent
        )


def put_cover(known: Known) -> dict[str, object]:
    """The figures of the cover that are in no table."""
    return {
        "open_days": len(
            {day for day in known.span.days() for one in known.sites if known.is_open(one, day)}
        ),
        "seen_days": len(known.days_seen(known.sites)),
        "comparable_days": len({day for _, day in known.pairs}),
        "coverage": coverage(known, known.sites),
    }
