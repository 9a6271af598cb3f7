"""The counts of people in the report, each under its key, and what of them may be shown. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.planner.period import label_of, start_of
from services.planner.report.content import MISSING, NOT_APPLICABLE, SUPPRESSED, Cell, Scope
from services.planner.report.facts import MEASURES, Counted, Facts, OpenWait
from services.planner.report.hiding import Grid, Key, Sum, hidden

OUTCOMES = ("served", "transferred", "no_show", "left", "cancelled", "auto_closed", "still_open")
CHANNELS = ("kiosk", "reception", "appointment")
_BY_SERVICE = ("passages", "served", "waits", "censored", "previous", "comparable", "before")
_BY_DIRECTORATE = ("direct", "redirected", "came_in")


@dataclass(frozen=True)
class Figures:
    """Counts by key, and which of them are hidden."""

    facts: Facts
    counts: Mapping[Key, int]
    hidden: frozenset[Key]
    internal: bool = False

    def count(self, key: Key) -> int:
        """The count, hidden or not: for what is worked out from it."""
        return self.counts.get(key, 0)

    def shown(self, key: Key) -> Cell:
        """The count as it may be shown."""
        return self.under(key, self.count(key))

    def under(self, key: Key, value: Cell) -> Cell:
        """A value that is worked out from the count: hidden when the count is."""
        if key.directorate in self.facts.without_public and not self.count(key):
            return NOT_APPLICABLE
        sites = self.facts.sites_of(Scope(key.site, key.directorate, key.service))
        if key.measure in ("previous", "before", "comparable"):
            # What was not recorded then is in no sum of then.
            return SUPPRESSED if key in self.hidden else value
        if sites and not self.facts.is_seen(sites) and not self.count(key):
            return MISSING
        return SUPPRESSED if key in self.hidden else value


def of(measure: str, scope: Scope = Scope()) -> Key:  # noqa: B008 - frozen
    """The key of a measure of a scope."""
    return Key(measure, scope.site, scope.directorate, scope.service)


def figures_of(facts: Facts, *, internal: bool) -> Figures:
    """All counts of the report; with `internal`, nothing is hidden."""
    counts = _counts(facts)
    if internal:
        return Figures(facts, counts, frozenset(), internal=True)
    grids = [
        grid for measure in ("passages", "served", "waits") for grid in _places(facts, measure)
    ]
    grids += [_channels(facts), _outcomes(facts), _series(facts, counts), _profile(counts)]
    grids.append(_pairs(facts))
    sums = [one for measure in _BY_SERVICE for one in _by_service(facts, measure)]
    sums += [_by_directorate(facts, measure) for measure in (*_BY_SERVICE, *_BY_DIRECTORATE)]
    found = hidden(counts, grids, sums)
    # Persons say what passages hide, and the other way round.
    return Figures(facts, counts, found | _with_passages(found, counts))


def profile_piece(weekday: int, hour: int) -> str:
    """The piece of an ISO weekday and an hour of the local clock."""
    return f"weekday:{weekday}:{hour:02}"


def pair_key(origin: str, destination: str) -> Key:
    """The key of who was sent on from one directorate to another."""
    return Key("came_in", directorate=destination, piece=f"from:{origin}")


def series_piece(facts: Facts, day: date) -> str:
    """The piece of the series in which a day lies: 2025-10, or the day itself."""
    grain = facts.spans.piece
    return label_of(start_of(day, grain), grain)


def _counts(facts: Facts) -> Counter[Key]:
    counts: Counter[Key] = Counter()
    for row in facts.counted["now"]:
        for name, n in zip(MEASURES, row.counts, strict=True):
            if n:
                for key in _keys(name, row):
                    counts[key] += n
        if row.passages:
            piece = series_piece(facts, row.day)
            for key in (
                Key("passages", directorate=row.directorate, channel=row.channel),
                Key("passages", channel=row.channel),
                Key("passages", directorate=row.directorate, piece=piece),
                Key("passages", piece=piece),
            ):
                counts[key] += row.passages
    for row in facts.counted["previous"]:
        for key in _keys("previous", row):
            counts[key] += row.passages
    _count_comparable(facts, counts)
    for one in facts.open_waits:
        for key in _keys("censored", one):
            counts[key] += one.visits
    for hour in facts.hours_counted:
        if facts.spans.now.first <= hour.day <= facts.spans.now.last:
            weekday = hour.day.isoweekday()
            for piece in (
                profile_piece(weekday, hour.hour),
                f"day:{weekday}",
                f"at:{hour.hour:02}",
            ):
                counts[Key("passages", piece=piece)] += hour.passages
    for pair in facts.sent_on:
        for key in (
            pair_key(pair.from_directorate, pair.to_directorate),
            Key("sent_from", directorate=pair.from_directorate),
            Key("paired", directorate=pair.to_directorate),
            Key("paired"),
        ):
            counts[key] += pair.visits
    for scope in [one for one in counts if one.measure == "queue_entries"]:
        ended = sum(counts[scope._replace(measure=outcome)] for outcome in OUTCOMES)
        counts[scope._replace(measure="still_open")] = max(0, counts[scope] - ended)
        passages = counts[scope._replace(measure="passages")]
        counts[scope._replace(measure="came_in")] = counts[scope] - passages
    return counts


def _count_comparable(facts: Facts, counts: Counter[Key]) -> None:
    pairs = facts.comparable_days
    befores = {site: frozenset(days.values()) for site, days in pairs.items()}
    for row in facts.counted["now"]:
        if row.day in pairs.get(row.site, ()):
            for key in _keys("comparable", row):
                counts[key] += row.passages
    for row in facts.counted["last_year"]:
        if row.day in befores.get(row.site, ()):
            for key in _keys("before", row):
                counts[key] += row.passages


def _keys(measure: str, row: Counted | OpenWait) -> Iterator[Key]:
    yield Key(measure)
    yield Key(measure, directorate=row.directorate)
    yield Key(measure, directorate=row.directorate, service=row.service)
    yield Key(measure, site=row.site)
    yield Key(measure, site=row.site, directorate=row.directorate, service=row.service)


def _services(facts: Facts) -> list[tuple[str, str]]:
    return [(code, one) for code in facts.directorates for one in facts.services.get(code, ())]


def _by_directorate(facts: Facts, measure: str) -> Sum:
    return Sum(Key(measure), tuple(Key(measure, directorate=code) for code in facts.directorates))


def _by_service(facts: Facts, measure: str) -> Iterator[Sum]:
    for code in facts.directorates:
        parts = tuple(
            Key(measure, directorate=code, service=one) for one in facts.services.get(code, ())
        )
        yield Sum(Key(measure, directorate=code), parts)


def _places(facts: Facts, measure: str) -> Iterator[Grid]:
    services, sites = _services(facts), tuple(facts.calendars)
    yield Grid(
        tuple(
            tuple(Key(measure, site, code, service) for code, service in services) for site in sites
        ),
        tuple(Key(measure, site) for site in sites),
        tuple(Key(measure, None, code, service) for code, service in services),
        Key(measure),
    )


def _channels(facts: Facts) -> Grid:
    return Grid(
        tuple(
            tuple(Key("passages", directorate=code, channel=channel) for channel in CHANNELS)
            for code in facts.directorates
        ),
        tuple(Key("passages", directorate=code) for code in facts.directorates),
        tuple(Key("passages", channel=channel) for channel in CHANNELS),
        Key("passages"),
    )


def _outcomes(facts: Facts) -> Grid:
    return Grid(
        tuple(
            tuple(Key(outcome, directorate=code) for outcome in OUTCOMES)
            for code in facts.directorates
        ),
        tuple(Key("queue_entries", directorate=code) for code in facts.directorates),
        tuple(Key(outcome) for outcome in OUTCOMES),
        Key("queue_entries"),
    )


def _pairs(facts: Facts) -> Grid:
    """Origins down, destinations across: over all origins, who came in from elsewhere."""
    return Grid(
        tuple(
            tuple(pair_key(one, other) for other in facts.directorates)
            for one in facts.directorates
        ),
        tuple(Key("sent_from", directorate=code) for code in facts.directorates),
        tuple(Key("came_in", directorate=code) for code in facts.directorates),
        Key("came_in"),
    )


def _series(facts: Facts, counts: Mapping[Key, int]) -> Grid:
    pieces = sorted(
        {key.piece for key in counts if key.piece and key.directorate and key.measure == "passages"}
    )
    return Grid(
        tuple(
            tuple(Key("passages", directorate=code, piece=piece) for code in facts.directorates)
            for piece in pieces
        ),
        tuple(Key("passages", piece=piece) for piece in pieces),
        tuple(Key("passages", directorate=code) for code in facts.directorates),
        Key("passages"),
    )


def _profile(counts: Mapping[Key, int]) -> Grid:
    pieces = sorted({key.piece for key in counts if key.piece and key.piece.startswith("weekday:")})
    weekdays = sorted({piece.split(":")[1] for piece in pieces})
    hours = sorted({piece.split(":")[2] for piece in pieces})
    return Grid(
        tuple(
            tuple(Key("passages", piece=f"weekday:{day}:{hour}") for hour in hours)
            for day in weekdays
        ),
        tuple(Key("passages", piece=f"day:{day}") for day in weekdays),
        tuple(Key("passages", piece=f"at:{hour}") for hour in hours),
        Key("passages"),
    )


def _with_passages(found: frozenset[Key], counts: Mapping[Key, int]) -> set[Key]:
    return {
        key._replace(measure="persons")
        for key in found
        if key.measure == "passages" and key._replace(measure="persons") in counts
    }
