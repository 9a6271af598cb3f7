"""What mappings are made of: paths, times, places, look-ups and conditions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    InstanceOf,
    Tag,
)

from schemas.registry import TimeZone
from schemas.types import Channel, Code
from services.adapters.paths import Path, parse_path
from services.core.local_times import date_format

JOINED = "/"
"""Between the ids of several fields that are looked up together."""


def _path(value: Any) -> Any:
    return parse_path(value) if isinstance(value, str) else value


def as_list(value: Any) -> Any:
    """A text alone as a list of it."""
    return [value] if isinstance(value, str) else value


def _time_format(text: str) -> str:
    return text if text in ("iso", "epoch_s", "epoch_ms") else date_format(text)


PathField = Annotated[InstanceOf[Path], BeforeValidator(_path)]
Paths = Annotated[tuple[PathField, ...], BeforeValidator(as_list), Field(min_length=1)]


class Part(BaseModel):
    """Base of every part: closed to unknown fields, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class TimeFormat(Part):
    """How times are written; the zone counts where a time has no offset of its own."""

    format: Annotated[str, AfterValidator(_time_format)] = "iso"
    zone: TimeZone = "UTC"
    ambiguous: Literal["refuse", "first", "second"] = "refuse"


class Moment(Part):
    """Where a time is, or its date and its time of day; and its format where it is another one."""

    from_: Annotated[Paths, Field(alias="from")]
    format: Annotated[str, AfterValidator(_time_format)] | None = None


class Place(Part):
    """Where something happened, in codes of the registry."""

    site: Code | None = None
    source: Code | None = None
    queue: Code | None = None
    directorate: Code | None = None
    service: Code | None = None


class Lookup(Part):
    """A code that a table has for the vendor's ids."""

    from_: Annotated[Paths, Field(alias="from")]
    table: str


class Condition(Part):
    """What a field must be."""

    one_of: tuple[str, ...] = ()
    not_: Annotated[tuple[str, ...], BeforeValidator(as_list), Field(alias="not")] = ()
    present: bool | None = None


class Number(Part):
    """A ticket's number, and what the vendor writes within it that we do not."""

    from_: Annotated[PathField, Field(alias="from")]
    remove: str = ""


def _from(value: Any) -> Any:
    return {"from": value} if isinstance(value, str | list) else value


def _condition(value: Any) -> Any:
    return value if isinstance(value, dict) else {"one_of": as_list(value)}


# Told apart before they are read, so that a mistake is told of the one that was meant. No name of a
# field has these brackets, so they are found again in the places of errors.
def _kind_of_entry(value: Any) -> str | None:
    if value is None:
        return "<null>"
    return "<place>" if isinstance(value, dict | Place) else "<code>"


def _kind_of_place(value: Any) -> str:
    looks_up = isinstance(value, Lookup) or (
        isinstance(value, dict) and {"from", "table"} & {*value}
    )
    return "<lookup>" if looks_up else "<place>"


def _kind_of_code(value: Any) -> str:
    return "<lookup>" if isinstance(value, dict | Lookup) else "<code>"


def _kind_of_visit(value: Any) -> str:
    by_id = isinstance(value, VisitById) or (isinstance(value, dict) and "id" in value)
    return "<by id>" if by_id else "<by ticket>"


MomentField = Annotated[Moment, BeforeValidator(_from)]
NumberField = Annotated[Number, BeforeValidator(_from)]
Conditions = dict[PathField, Annotated[Condition, BeforeValidator(_condition)]]
Entry = Annotated[
    Annotated[Code, Tag("<code>")]
    | Annotated[Place, Tag("<place>")]
    | Annotated[None, Tag("<null>")],
    Discriminator(_kind_of_entry),
]
Places = tuple[
    Annotated[
        Annotated[Lookup, Tag("<lookup>")] | Annotated[Place, Tag("<place>")],
        Discriminator(_kind_of_place),
    ],
    ...,
]
CodeField = Annotated[
    Annotated[Code, Tag("<code>")] | Annotated[Lookup, Tag("<lookup>")],
    Discriminator(_kind_of_code),
]
ChannelField = Annotated[
    Annotated[Channel, Tag("<code>")] | Annotated[Lookup, Tag("<lookup>")],
    Discriminator(_kind_of_code),
]


class VisitById(Part):
    """The visit by the vendor's own number of it, of one field or of several."""

    id: Paths


class VisitByTicket(Part):
    """The visit as every device of ours derives it: by queue, business date and number."""

    queue: CodeField
    number: NumberField
    issued_at: MomentField


VisitField = Annotated[
    Annotated[VisitById, Tag("<by id>")] | Annotated[VisitByTicket, Tag("<by ticket>")],
    Discriminator(_kind_of_visit),
]
