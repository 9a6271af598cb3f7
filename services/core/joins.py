"""Step 3: new facts meet the visits they belong to, and visits that were one are joined.

A `correction` may say that two ids are one visitor. Ids so joined form a group; its smallest id
holds the facts of all, the others only point to it. Union is all that happens, so the order in
which facts and corrections arrive does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.core.facts import Fact
from services.core.visits import Visit, fold, union


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """A visit as the store holds it."""

    visit_id: str
    joined_to: str | None
    history: Sequence[Fact]
    version: int
    """Counts the changes of the row; 0 where there is none yet."""


@dataclass(frozen=True, slots=True)
class VisitChange:
    """A group of joined ids before and after its new facts; one id is a group too."""

    visit_id: str
    """The id that holds the group's facts."""
    history: list[Fact]
    before: list[Visit]
    after: Visit
    joined: list[str]
    """Ids that from now on point to `visit_id`."""
    facts: list[Fact]
    """The new facts that made the change."""


def ids_to_load(facts: Mapping[str, Iterable[Fact]]) -> set[str]:
    """Ids of visits that the facts touch, those that corrections join included."""
    return set(facts).union(joined for _, joined in _joins(facts))


def _joins(facts: Mapping[str, Iterable[Fact]]) -> list[tuple[str, str]]:
    """Pairs of ids that corrections join."""
    return [
        (visit_id, fact.details["joins"])
        for visit_id, visit_facts in facts.items()
        for fact in visit_facts
        if fact.type == "correction" and "joins" in fact.details
    ]


def change_visits(
    stored: Mapping[str, StoredVisit], facts: Mapping[str, Sequence[Fact]]
) -> list[VisitChange]:
    """What the new facts, by visit id, make of the stored visits.

    `stored` holds every id of `ids_to_load`, where it exists, and all that these are joined to.
    """
    joins = [(v.visit_id, v.joined_to) for v in stored.values() if v.joined_to is not None]
    joins += _joins(facts)
    if not joins:
        return [_change(visit_id, [visit_id], stored, facts) for visit_id in sorted(facts)]
    groups = _Groups()
    for visit_id in facts:
        groups.add(visit_id)
    for one, other in joins:
        groups.join(one, other)
    return [_change(root, ids, stored, facts) for root, ids in groups.by_root().items()]


def _change(
    root: str,
    ids: list[str],
    stored: Mapping[str, StoredVisit],
    facts: Mapping[str, Sequence[Fact]],
) -> VisitChange:
    known = [stored[i] for i in ids if i in stored and stored[i].joined_to is None]
    new = [fact for i in ids for fact in facts.get(i, ())]
    history = union(*(visit.history for visit in known), new)
    return VisitChange(
        visit_id=root,
        history=history,
        before=[fold(list(visit.history)) for visit in known],
        after=fold(history),
        joined=[i for i in ids if i != root and (i not in stored or stored[i].joined_to != root)],
        facts=new,
    )


class _Groups:
    """Sets of joined ids (union-find); the smallest id of a set is its root."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def add(self, visit_id: str) -> None:
        self._parent.setdefault(visit_id, visit_id)

    def root(self, visit_id: str) -> str:
        self.add(visit_id)
        while self._parent[visit_id] != visit_id:
            visit_id = self._parent[visit_id]
        return visit_id

    def join(self, a: str, b: str) -> None:
        root_a, root_b = sorted((self.root(a), self.root(b)))
        self._parent[root_b] = root_a

    def by_root(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = defaultdict(list)
        for visit_id in sorted(self._parent):
            groups[self.root(visit_id)].append(visit_id)
        return groups
