"""Facts to write histories with, a strategy that makes them up, and a store in memory."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from services.core.calendar import to_us
from services.core.facts import _RANKS, Fact
from services.core.footfall import Footfall, FootfallKey, Transfer, WaitBin, difference
from services.core.joins import StoredVisit, VisitChange, change_visits, ids_to_load
from services.core.restatements import changed_footfall
from services.core.visits import Visit, fold, union

NINE = datetime(2026, 11, 16, 8, tzinfo=UTC)
"""Nine in the morning in Paris."""
MINUTE_US = 60_000_000
DMI = {"directorate": "dmi", "service": "sejour", "queue": "etr-sejour"}
DCL = {"directorate": "dcl", "service": "titres", "queue": "acc-titres"}

Of = tuple[str, Fact]
"""A fact and the visit that its event names."""


def fact(type: str, minute: float = 0, event_id: str = "", site: str = "creteil", **details: Any):
    """A fact so many minutes after nine."""
    at_us = to_us(NINE) + round(minute * MINUTE_US)
    return Fact(at_us, _RANKS[type], event_id or f"{type}@{minute}", type, site, details)


def visit_of(*facts: Fact) -> Visit:
    """The visit of these facts, in whatever order they are given."""
    return fold(union(facts))


def counts(*visits: Visit) -> Counter[str]:
    """Each measure of the visits, over all buckets."""
    total: Counter[str] = Counter()
    for row in difference((), visits).measures.values():
        total.update(row)
    return total


@dataclass
class Memory:
    """What the processor keeps, without a database: it loads just what the store would."""

    stored: dict[str, StoredVisit] = field(default_factory=dict)
    measures: Counter[tuple[FootfallKey, str]] = field(default_factory=Counter)
    bins: Counter[WaitBin] = field(default_factory=Counter)
    transfers: Counter[Transfer] = field(default_factory=Counter)

    def record(self, batch: Iterable[Of]) -> list[VisitChange]:
        """Record a batch as `services.processor.recording` does."""
        facts: dict[str, list[Fact]] = defaultdict(list)
        for visit_id, one in batch:
            facts[visit_id].append(one)
        stored = self._load(ids_to_load(facts))
        changes = change_visits(stored, facts)
        for change in changes:
            self._write(change.visit_id, None, change.history)
            for visit_id in change.joined:
                self._write(visit_id, change.visit_id, [])
        self._add(changed_footfall(changes))
        return changes

    @property
    def footfall(self) -> Footfall:
        """The buckets as they are kept, zeros left out."""
        kept: dict[FootfallKey, dict[str, int]] = defaultdict(dict)
        for (key, measure), n in self.measures.items():
            if n:
                kept[key][measure] = n
        return Footfall(
            dict(kept),
            {wait_bin: n for wait_bin, n in self.bins.items() if n},
            {transfer: n for transfer, n in self.transfers.items() if n},
        )

    @property
    def visits(self) -> dict[str, Visit]:
        """Each visit under the id that holds it."""
        return {
            v.visit_id: fold(list(v.history)) for v in self.stored.values() if v.joined_to is None
        }

    def footfall_total(self, measure: str) -> int:
        """One measure, over all buckets."""
        return sum(n for (_, name), n in self.measures.items() if name == measure)

    def root(self, visit_id: str) -> str:
        """The id at which a visit is found."""
        while (joined_to := self.stored[visit_id].joined_to) is not None:
            visit_id = joined_to
        return visit_id

    def _load(self, ids: set[str]) -> dict[str, StoredVisit]:
        found: dict[str, StoredVisit] = {}
        while ids:
            found |= {i: self.stored[i] for i in ids if i in self.stored}
            ids = {v.joined_to for v in found.values() if v.joined_to} - set(found)
        return found

    def _write(self, visit_id: str, joined_to: str | None, history: Sequence[Fact]) -> None:
        version = self.stored[visit_id].version + 1 if visit_id in self.stored else 1
        self.stored[visit_id] = StoredVisit(visit_id, joined_to, history, version)

    def _add(self, change: Footfall) -> None:
        for key, row in change.measures.items():
            for measure, n in row.items():
                self.measures[key, measure] += n
        self.bins.update(change.bins)
        self.transfers.update(change.transfers)


IDS = ("a", "b", "c", "d")
_TYPES = (*_RANKS, *_RANKS, "ticket_issued", "called", "service_ended", "correction")
_SLOTS = (0, 0, 0.5, 1, 5, 5, 14.99, 15, 16, 29, 31, 60, 61, 240)
_PLACES = (
    ("creteil", DMI),
    ("creteil", DCL),
    ("nogent", DMI),
)
_CHANNELS = ("kiosk", "reception", "online", "appointment")
_PLACED = frozenset(["ticket_issued", "checked_in", "queue_joined", "transferred"])


def histories(most: int = 16) -> st.SearchStrategy[list[Of]]:
    """Any events that the codec lets through, of up to four ids.

    Seven bytes are one event: hypothesis draws bytes at once, far faster than lists, and of a given
    length they are of every value. The first byte says how many of the events are told.
    """
    length = 1 + 7 * most
    return st.binary(min_size=length, max_size=length).map(_history)


def _history(told: bytes) -> list[Of]:
    numbers = [int.from_bytes(told[i : i + 7]) for i in range(1, len(told), 7)]
    numbers = numbers[told[0] % (len(numbers) + 1) :]
    return [of for i, number in enumerate(numbers) for of in _told(i, number, len(numbers))]


def _told(i: int, number: int, size: int) -> Iterator[Of]:
    """The event in a number; where its clock was repaired, both of its facts."""

    def draw(choices: Sequence[Any]) -> Any:
        nonlocal number
        number, choice = divmod(number, len(choices))
        return choices[choice]

    type_, visit_id, minute = draw(_TYPES), draw(IDS), draw(_SLOTS)
    (site, place), mark, other = draw(_PLACES), draw(range(8)), draw(range(16))
    details: dict[str, Any] = {}
    if type_ in _PLACED or (type_ == "service_started" and mark & 1):
        details |= place
    if type_ in ("ticket_issued", "checked_in"):
        details["channel"] = draw(_CHANNELS)
        details |= [{}, {"persons": other + 1}, {"persons_assumed": other + 1}][draw(range(3))]
    if type_ == "checked_in":
        details |= [{}, {"ends_wait": True}][draw(range(2))]
        details.pop("queue" if mark & 1 else "", None)
    if type_ == "correction":
        # To itself, in chains and in circles; of itself, of corrections, of what is not there.
        details |= {"joins": IDS[other % 4]} if mark & 1 else {"corrects": f"e{other % size}"}
    if draw(range(40)) == 39:
        details["test"] = True
    one = fact(type_, minute, f"e{i}", site, **details)
    match draw(range(12)):
        case 0:
            yield visit_id, _undated(one)
        case 1:
            yield visit_id, _undated(one)
            yield visit_id, one._replace(details=one.details | {"repaired": True})
        case 2:
            yield visit_id, one
            later = one._replace(at_us=one.at_us + 7 * MINUTE_US)
            yield visit_id, later._replace(details=one.details | {"repaired": True})
        case _:
            yield visit_id, one


def _undated(one: Fact) -> Fact:
    return one._replace(at_us=one.at_us + 33 * MINUTE_US, details=one.details | {"uncertain": True})


def in_batches(history: Sequence[Of], seed: int) -> list[list[Of]]:
    """The history shuffled, some of it sent twice, in batches of any size."""
    chance = random.Random(seed)
    sent = [*history, *chance.choices(history, k=chance.randrange(4) if history else 0)]
    chance.shuffle(sent)
    batches: list[list[Of]] = []
    while sent:
        size = chance.randint(1, len(sent))
        batches.append(sent[:size])
        sent = sent[size:]
    return batches
