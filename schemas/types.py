"""Field types that events and registry share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

Code = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"),
    Field(description="Code of a registry entry; never a label, never a person."),
]
TicketNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{0,3}[0-9]{1,4}$"),
    Field(description="Number as printed on the ticket, letters first.", examples=["A042"]),
]
KeyedHash = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{32}$"),
    Field(description="HMAC of an appointment's token; its key lives one business day."),
]
Channel = Literal["kiosk", "reception", "appointment", "online"]
Mode = Literal["live", "test"]

# PostgreSQL bigint and JavaScript's exact integers both hold this.
MAX_INTEGER = 2**53 - 1
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999 in UTC") from None


def _iso_8601(value: object) -> object:
    # A number, bare or in a string, would be read as seconds since 1970.
    if not isinstance(value, datetime) and not (
        isinstance(value, str) and _DATE_AND_TIME.match(value)
    ):
        raise ValueError("is not a date and time in ISO 8601, such as 2026-11-16T09:00:00+01:00")
    return value


# Strictness would refuse the text that the check before has let through.
UtcDatetime = Annotated[
    AwareDatetime, Strict(False), BeforeValidator(_iso_8601), AfterValidator(_to_utc)
]


class Model(BaseModel):
    """Base of every contract: closed to unknown fields, immutable, no silent conversion."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_default=True,
        use_attribute_docstrings=True,
    )
