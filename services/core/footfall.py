"""What a visit contributes to the buckets, and the difference that a change of it makes.

Everything is dated by arrival: a visit's passage falls in the bucket of its arrival, a stay's
outcome and durations in the bucket where that stay started, so that rates compare one cohort with
itself.

To add a measure: a line here, a column of `footfall` and `footfall_day` in a migration, a line in
the views and in the processor's queries. A contract test says what was forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from services.core.calendar import BUCKET_US
from services.core.visits import QueueStay, Visit
from services.core.waits import bin_of

MEASURES = (
    "passages",
    "persons",
    "tickets",
    "check_ins",
    "direct",
    "queue_entries",
    "served",
    "no_show",
    "left",
    "cancelled",
    "auto_closed",
    "transferred",
    "redirected",
    "waits",
    "wait_ms",
    "last_call_waits",
    "last_call_wait_ms",
    "services",
    "service_ms",
    "test",
    "time_uncertain",
)
"""Columns of table `footfall`."""


class FootfallKey(NamedTuple):
    """One row of `footfall`: a 15-minute UTC bucket of a site, directorate, service and channel."""

    bucket_start_us: int
    site: str
    directorate: str
    service: str
    channel: str


class WaitBin(NamedTuple):
    """One row of `footfall_wait`: a bin of the sketch of `wait`, `last_call_wait` or `service`."""

    key: FootfallKey
    measure: str
    bin: int


class Transfer(NamedTuple):
    """One row of `transfer`: a stay that follows another of the same visit, and that one's place.

    Dated by its own start, so that over all origins they are `queue_entries` less `passages`.
    """

    key: FootfallKey
    from_directorate: str
    from_service: str


@dataclass(slots=True)
class Footfall:
    """Counts to add to the buckets; differences may be negative."""

    measures: dict[FootfallKey, dict[str, int]] = field(default_factory=dict)
    bins: dict[WaitBin, int] = field(default_factory=dict)
    transfers: dict[Transfer, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.measures or self.bins or self.transfers)


def difference(before: Iterable[Visit], after: Iterable[Visit]) -> Footfall:
    """What turns the counts of the visits `before` into those of the visits `after`.

    Zero differences are left out: an unchanged visit changes no bucket.
    """
    measures: dict[FootfallKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    bins: dict[WaitBin, int] = defaultdict(int)
    transfers: dict[Transfer, int] = defaultdict(int)
    for sign, visits in ((-1, before), (1, after)):
        for visit in visits:
            _contribute(visit, sign, measures, bins, transfers)
    return Footfall(
        {
            key: changed
            for key, row in measures.items()
            if (changed := {name: n for name, n in row.items() if n})
        },
        {wait_bin: n for wait_bin, n in bins.items() if n},
        {transfer: n for transfer, n in transfers.items() if n},
    )


def _contribute(
    visit: Visit,
    sign: int,
    measures: dict[FootfallKey, dict[str, int]],
    bins: dict[WaitBin, int],
    transfers: dict[Transfer, int],
) -> None:
    if not visit.stays:
        return
    arrival = measures[_key(visit, visit.stays[0])]
    if visit.test:
        arrival["test"] += sign
        return
    if visit.time_uncertain:
        arrival["time_uncertain"] += sign
        return
    arrival["passages"] += sign
    arrival["persons"] += sign * visit.persons
    arrival["tickets"] += sign * visit.tickets
    arrival["check_ins"] += sign * visit.check_ins
    if visit.direct:
        arrival["direct"] += sign
    for stay in visit.stays:
        _contribute_stay(visit, stay, sign, measures, bins)
    if len(visit.stays) > 1:
        for origin, stay in pairwise(visit.stays):
            key = _key(visit, stay)
            transfers[Transfer(key, origin.directorate, origin.service)] += sign


def _contribute_stay(
    visit: Visit,
    stay: QueueStay,
    sign: int,
    measures: dict[FootfallKey, dict[str, int]],
    bins: dict[WaitBin, int],
) -> None:
    key = _key(visit, stay)
    row = measures[key]
    row["queue_entries"] += sign
    if stay.outcome is not None:
        row[stay.outcome] += sign
    if stay.redirected:
        row["redirected"] += sign
    if stay.uncertain:
        return
    for name, called_us in (
        ("wait", stay.first_called_us),
        ("last_call_wait", stay.last_called_us),
    ):
        if called_us is not None:
            wait_ms = max(0, called_us - stay.started_us) // 1000
            row[f"{name}s"] += sign
            row[f"{name}_ms"] += sign * wait_ms
            bins[WaitBin(key, name, bin_of(wait_ms))] += sign
    if stay.services:
        service_ms = stay.service_us // 1000
        row["services"] += sign
        row["service_ms"] += sign * service_ms
        bins[WaitBin(key, "service", bin_of(service_ms))] += sign


def _key(visit: Visit, stay: QueueStay) -> FootfallKey:
    return FootfallKey(
        stay.started_us // BUCKET_US * BUCKET_US,
        stay.site,
        stay.directorate,
        stay.service,
        visit.channel,
    )
