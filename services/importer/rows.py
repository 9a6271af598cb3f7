"""A row of a file as a visit, or as the counts of an hour, by the mapping. Raises BadRow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schemas.registry import Service
from services.core.calendar import to_us
from services.core.facts import Fact
from services.importer.cells import hour_of, label_of, text_of, wall_time, whole_number
from services.importer.errors import BadRow
from services.importer.local_times import LocalClock
from services.importer.mapping import (
    ChannelFrom,
    Columns,
    HourlyMapping,
    Only,
    OutcomeFrom,
    ServiceFrom,
    VisitMapping,
)
from services.importer.tables import Header

LONGEST_VISIT = timedelta(hours=24)
_EARLIEST_YEAR = 2015
"""Before it the views have no local days."""

Cells = Sequence[Any]


@dataclass(frozen=True)
class Place:
    """Where a source recorded, and what rows may name there."""

    site: str
    clock: LocalClock
    services: Mapping[str, Service]
    check_in_ends_wait: bool
    ends: datetime
    """Rows from this instant on are refused: the site's today has not ended."""


class VisitRow(NamedTuple):
    """A visit, and what tells it from another one."""

    at: datetime
    facts: list[Fact]
    identity: tuple[str, ...] | None
    content: int


class HourRow(NamedTuple):
    """The counts of an hour (from `at`, UTC) at a service, by a channel."""

    at: datetime
    service: str
    channel: str
    counts: dict[str, int]


def row_filter(only: Only | None, header: Header) -> Callable[[Cells], bool]:
    """Whether a row is meant at all."""
    if only is None:
        return lambda _: True
    index = header.index(only.column)
    wanted = {label_of(value) for value in only.values}
    return lambda cells: label_of(_cell(cells, index)) in wanted


def visit_reader(
    mapping: VisitMapping, header: Header, place: Place
) -> Callable[[Cells], VisitRow | None]:
    """What reads a row of one file; None is a row that the mapping leaves out."""
    service_of = _code_reader(mapping.service, header, "service")
    channel_of = _code_reader(mapping.channel, header, "channel")
    outcome_of = _code_reader(mapping.outcome, header, "outcome")
    issued_at = _time_reader(mapping.issued_at, "issued_at", mapping, header, place)
    later = [
        (name, type_, _time_reader(columns, name, mapping, header, place))
        for name, type_, columns in (
            ("checked_in_at", "checked_in", mapping.checked_in_at),
            ("called_at", "called", mapping.called_at),
            ("started_at", "service_started", mapping.started_at),
            ("ended_at", "service_ended", mapping.ended_at),
        )
        if columns is not None
    ]
    ticket = [header.index(name) for name in mapping.ticket or ()]
    persons = _number_reader(mapping.persons, mapping, header)

    def read(cells: Cells) -> VisitRow | None:
        service, channel = _known(service_of(cells), place), channel_of(cells)
        if service is None or channel is None:
            return None
        wall = issued_at(cells, None)
        if wall is None:
            raise BadRow("no time", f"{' '.join(mapping.issued_at)} is empty")
        at = _dated(wall, place, service)
        size = persons(cells)
        details: dict[str, Any] = {
            "directorate": place.services[service].directorate,
            "service": service,
            "queue": None,
            "channel": channel,
        }
        if size:
            details["persons"] = size
        facts = [Fact(to_us(at), 1, "0", "ticket_issued", place.site, details)]
        last = at
        ended_at: datetime | None = None
        for rank, (name, type_, time_of) in enumerate(later, 3):
            step = time_of(cells, wall)
            if step is None:
                continue
            then = place.clock.not_before(step, at)
            _hold_to_order(name, wall, step, at, then, last)
            last = then
            if type_ == "service_ended":
                ended_at = then
                continue
            own = dict(details) if type_ == "checked_in" else {}
            if type_ == "checked_in" and place.check_in_ends_wait:
                own["ends_wait"] = True
            facts.append(Fact(to_us(then), rank, str(rank), type_, place.site, own))
        outcome = outcome_of(cells) if mapping.outcome else ("served" if ended_at else None)
        ending = "service_ended" if outcome == "served" else outcome
        if ended_at is None:
            facts = _without_desk_time(facts)
        if ending is not None:
            facts.append(Fact(to_us(ended_at or last), 13, "13", ending, place.site, {}))
        identity = None
        if ticket:
            number = " ".join(text_of(_cell(cells, i)) for i in ticket)
            if number:
                identity = (at.isoformat(), service, number)
        return VisitRow(at, facts, identity, hash((channel, size, tuple(f[:4] for f in facts))))

    return read


def hour_reader(
    mapping: HourlyMapping, header: Header, place: Place
) -> Callable[[Cells], HourRow | None]:
    """What reads a row of one file; None is a row that the mapping leaves out."""
    service_of = _code_reader(mapping.service, header, "service")
    channel_of = _code_reader(mapping.channel, header, "channel")
    date_of = _time_reader(mapping.date, "date", mapping, header, place)
    hours = [header.index(name) for name in mapping.hour or ()]
    numbers = [
        (measure, _number_reader((column,), mapping, header))
        for measure, column in mapping.counts.items()
    ]

    def read(cells: Cells) -> HourRow | None:
        service, channel = _known(service_of(cells), place), channel_of(cells)
        if service is None or channel is None:
            return None
        wall = date_of(cells, None)
        if wall is None:
            raise BadRow("no time", f"{' '.join(mapping.date)} is empty")
        if hours:
            name = " ".join(mapping.hour or ())
            filled = [cell for i in hours if text_of(cell := _cell(cells, i))]
            if not filled:
                raise BadRow("no time", f"{name} is empty")
            wall = wall.replace(hour=hour_of(filled[0], name), minute=0, second=0)
        elif wall.minute or wall.second:
            raise BadRow("not a whole hour", f"{wall:%Y-%m-%d %H:%M}")
        counts: dict[str, int] = {
            measure: n for measure, of in numbers if (n := of(cells)) is not None
        }
        if "passages" not in counts:
            raise BadRow("no count", f"{mapping.counts['passages']} is empty, which is not zero")
        at = _dated(wall, place, (service, channel), once=True)
        return HourRow(at, service, channel, counts)

    return read


def _without_desk_time(facts: list[Fact]) -> list[Fact]:
    """Who was served until nobody knows when was called, and no time at the desk is known."""
    if any(fact.type == "called" for fact in facts):
        return [fact for fact in facts if fact.type != "service_started"]
    return [
        fact._replace(type="called") if fact.type == "service_started" else fact for fact in facts
    ]


def _cell(cells: Cells, index: int) -> Any:
    return cells[index] if index < len(cells) else None


def _known(service: str | None, place: Place) -> str | None:
    if service is not None and service not in place.services:
        raise BadRow(
            "service without a code",
            f"{service!r} is no service of the registry; say under service.values which one it is",
        )
    return service


def _dated(wall: datetime, place: Place, stream: Any, *, once: bool = False) -> datetime:
    if wall.year < _EARLIEST_YEAR:
        raise BadRow(
            "too old", f"{wall:%Y-%m-%d} is before {_EARLIEST_YEAR}; is the year's format right?"
        )
    at = place.clock.instant(wall, stream=stream, once=once)
    if at >= place.ends:
        raise BadRow(
            "not over yet", f"{wall:%Y-%m-%d %H:%M} is today or later; are day and month swapped?"
        )
    return at


def _hold_to_order(
    name: str, wall: datetime, step: datetime, at: datetime, then: datetime, last: datetime
) -> None:
    if then < last:
        raise BadRow("times out of order", f"{name} {step:%H:%M:%S} is before the step before it")
    if then - at > LONGEST_VISIT:
        raise BadRow(
            "longer than a day", f"from {wall:%Y-%m-%d %H:%M} to {name} {step:%Y-%m-%d %H:%M}"
        )


def _time_reader(
    columns: Columns,
    name: str,
    mapping: VisitMapping | HourlyMapping,
    header: Header,
    place: Place,
) -> Callable[[Cells, datetime | None], datetime | None]:
    indexes = [header.index(column) for column in columns]
    name = " ".join(columns)
    formats, zone = mapping.dates, place.clock.zone

    def read(cells: Cells, issued: datetime | None) -> datetime | None:
        day = issued.date() if issued else None
        return wall_time([_cell(cells, i) for i in indexes], name, formats, zone, day)

    return read


def _number_reader(
    columns: Columns | None, mapping: VisitMapping | HourlyMapping, header: Header
) -> Callable[[Cells], int | None]:
    if columns is None:
        return lambda _: None
    index, name = header.index(columns[0]), columns[0]
    layout = mapping.file
    return lambda cells: whole_number(
        _cell(cells, index), name, decimal=layout.decimal, thousands=layout.thousands
    )


def _code_reader(
    of: str | ServiceFrom | ChannelFrom | OutcomeFrom | None, header: Header, kind: str
) -> Callable[[Cells], str | None]:
    if of is None or isinstance(of, str):
        return lambda _: of
    index = header.index(of.column)
    column, values = of.column, of.values
    if values is None:
        return lambda cells: label_of(_cell(cells, index)) or None
    by_label = {label_of(label): code for label, code in values.items()}

    def read(cells: Cells) -> str | None:
        label = label_of(_cell(cells, index))
        try:
            return by_label[label]
        except KeyError:
            text = text_of(_cell(cells, index))
            shown = repr(text) if text else "empty"
            raise BadRow(
                f"{kind} without a code",
                f"{column} is {shown}; say under {kind}.values which code it stands for,"
                " or null to leave it out",
            ) from None

    return read
