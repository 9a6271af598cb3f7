"""The mapping: what the fields of a vendor's messages mean, as people write it in YAML."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time as time_of_day
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from schemas.codec import speaks_of_identity
from schemas.types import Channel, Code, Mode
from services.adapters.export import Export
from services.adapters.fields import (
    ChannelField,
    CodeField,
    Conditions,
    Entry,
    Lookup,
    MomentField,
    NumberField,
    Part,
    PathField,
    Place,
    Places,
    TimeFormat,
    VisitField,
    as_list,
)
from services.adapters.paths import Path
from services.adapters.signature_settings import Signature

EventType = Literal[
    "ticket_issued",
    "checked_in",
    "queue_joined",
    "called",
    "recalled",
    "service_started",
    "service_ended",
    "transferred",
    "returned",
    "no_show",
    "left",
    "cancelled",
    "auto_closed",
    "heartbeat",
]


Where = tuple[str, ...]


class Misplaced(ValueError):
    """A part contradicts another one; `where` is its place in the file."""

    def __init__(self, where: Where, sentence: str) -> None:
        super().__init__(sentence)
        self.where = where


class Rule(Part):
    """An event, and when and of what it comes."""

    type: EventType
    when: Conditions = Field(default_factory=dict)
    each: Annotated[tuple[PathField, ...], BeforeValidator(as_list)] = ()
    skip: Annotated[int, Field(ge=0)] = 0
    """So many items at the beginning of the innermost list are not meant."""
    at: MomentField
    optional: bool = False
    """Without its time it has not happened, and that is no refusal."""
    place: Places = ()
    desk: CodeField | None = None
    channel: ChannelField | None = None
    reason: CodeField | None = None
    number: NumberField | None = None
    persons: PathField | None = None
    covers_s: Annotated[int, Field(ge=0, le=3600)] | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Rule:
        if self.type == "ticket_issued" and self.number is None:
            raise ValueError("ticket_issued needs `number`; without numbers, say checked_in")
        if (self.type == "heartbeat") != (self.covers_s is not None):
            raise ValueError("a heartbeat needs `covers_s`, and no other event has it")
        return self


class Mapping(Part):
    """A vendor's system: how its messages are checked, read and placed."""

    name: Code
    mode: Mode = "live"
    clock_synced: bool = True
    time: TimeFormat = TimeFormat()
    business_day_starts: time_of_day = time_of_day(4, 0)
    not_personal: tuple[str, ...] = ()
    signature: Signature | None = None
    csv: Export | None = None
    tables: dict[str, dict[str, Entry]] = Field(default_factory=dict)
    when: Conditions = Field(default_factory=dict)
    visit: VisitField | None = None
    place: Places = ()
    events: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_what_exists(self) -> Mapping:
        if self.visit is None and any(rule.type != "heartbeat" for rule in self.events):
            raise ValueError("visit is missing: say by which number a visit is known")
        for where, part in _parts(self):
            if isinstance(part, Lookup):
                self._check_table(where, part)
            elif isinstance(part, Path):
                self._check_path(where, part)
        return self

    def _check_table(self, where: Where, lookup: Lookup) -> None:
        table = self.tables.get(lookup.table)
        if table is None:
            raise Misplaced(where, f"names the table {lookup.table!r}, which `tables` has not")
        wants_place = where[-2:-1] == ("place",)
        kinds = {isinstance(entry, Place) for entry in table.values() if entry is not None}
        if kinds - {wants_place}:
            wanted = "places, as in {site: …, source: …}" if wants_place else "single codes"
            raise Misplaced(where, f"needs a table of {wanted}; {lookup.table!r} has others")
        if where[-1] == "channel" and not {*table.values()} <= {*get_args(Channel), None}:
            known = ", ".join(get_args(Channel))
            raise Misplaced(where, f"needs a table of channels: {known}, or null")

    def _check_path(self, where: Where, path: Path) -> None:
        for step in path.steps:
            if speaks_of_identity(step) and step not in self.not_personal:
                raise Misplaced(
                    where,
                    f"reads {path.text!r}, and {step!r} speaks of a person; read another field, or"
                    " list that name under `not_personal` if its value leads to nobody",
                )


def columns_of(mapping: Mapping) -> set[str]:
    """The columns of a CSV that the mapping names."""
    return {
        part.steps[0]
        for _, part in _parts(mapping)
        if isinstance(part, Path) and part.up is None and part.steps
    }


def _parts(part: Any, where: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Every part of the mapping with its place in the file."""
    yield where, part
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            yield from _parts(getattr(part, name), (*where, field.alias or name))
    elif isinstance(part, dict):
        for key, value in part.items():
            inner = (*where, key.text if isinstance(key, Path) else key)
            if isinstance(key, Path):
                yield inner, key
            yield from _parts(value, inner)
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            yield from _parts(value, (*where, str(index)))
