"""The mapping: what the columns of a system's exports mean, as people write it in YAML."""

from __future__ import annotations

import re
from codecs import lookup
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from schemas.types import Channel, Code
from services.core.local_times import date_format
from services.importer.errors import ImportRefused

EXCEL = "excel"
"""Among `dates`: a day number as spreadsheets write it, 45292.375."""

Outcome = Literal["served", "no_show", "left", "cancelled", "auto_closed"]
Measure = Literal[
    "passages",
    "persons",
    "tickets",
    "check_ins",
    "direct",
    "served",
    "no_show",
    "left",
    "cancelled",
    "auto_closed",
    "transferred",
]
Ambiguous = Literal["refuse", "first", "second", "by_order"]


def _encoding(name: str) -> str:
    try:
        return lookup(name).name
    except LookupError:
        raise ValueError(f"{name!r} is no encoding; expected utf-8, cp1252 or utf-16") from None


def _date_format(text: str) -> str:
    return text if text == EXCEL else date_format(text)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no pattern: {error}") from None
    return text


def _columns(value: object) -> object:
    return [value] if isinstance(value, str) else value


Columns = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_columns),
    Field(min_length=1, description="name of a column, or a list of names: a date and a time"),
]
Encoding = Annotated[str, AfterValidator(_encoding)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class Part(BaseModel):
    """Base of every part: closed to unknown fields, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FileLayout(Part):
    """How the file is written; what it says itself (byte order mark, workbook) goes first."""

    encoding: Encoding = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    sheet: str | None = None
    skip_rows: Annotated[int, Field(ge=0)] = 0
    """Lines above the header."""
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    """Several are read as one, from top to bottom: `DMI` above `Tickets` is `DMI Tickets`."""
    total_rows: tuple[Pattern, ...] = ("total", "sous-total")
    """A row whose first cell begins like one of these, in any case, is no row."""
    decimal: Literal[",", "."] = ","
    thousands: Literal["", ".", ",", "'"] = ""
    """Besides spaces of any kind, which are always allowed between groups of three."""


class ServiceFrom(Part):
    """A service that a column names; `values` says by which code, null leaves such rows out."""

    column: str
    values: dict[str, Code | None] | None = None


class ChannelFrom(Part):
    """A channel that a column names."""

    column: str
    values: dict[str, Channel | None]


class OutcomeFrom(Part):
    """What became of a visit, by a column; null says that nothing is known."""

    column: str
    values: dict[str, Outcome | None]


class Only(Part):
    """Which rows are meant, where a file holds several sites."""

    column: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class _Mapping(Part):
    source: Code
    """The system that recorded: a device of the registry, at its site and for its time."""
    file: FileLayout = FileLayout()
    dates: Annotated[tuple[DateFormat, ...], Field(min_length=1)]
    """Formats of dates and times, tried in this order; `excel` for day numbers."""
    ambiguous: Ambiguous = "refuse"
    """Which of the two is meant by a local time of the hour that October repeats."""
    only: Only | None = None
    service: Code | ServiceFrom
    channel: Channel | ChannelFrom = "kiosk"


class VisitMapping(_Mapping):
    """One row per ticket or visit."""

    rows: Literal["visit"]
    issued_at: Columns
    """When the ticket was taken, or the visitor came; dates the visit."""
    checked_in_at: Columns | None = None
    called_at: Columns | None = None
    started_at: Columns | None = None
    ended_at: Columns | None = None
    ticket: Columns | None = None
    """With it a row that comes twice is counted once."""
    persons: Columns | None = None
    outcome: OutcomeFrom | None = None
    """Without it, a visit with an end was served and of the others nothing is known."""


class HourlyMapping(_Mapping):
    """One row per hour and service, with counts."""

    rows: Literal["hourly_count"]
    date: Columns
    hour: Columns | None = None
    """`9`, `09:00`, `9h`, `09h-10h`; without it, `date` holds the hour too."""
    counts: dict[Measure, str]
    """The column of each measure; `passages` is needed."""
    duplicates: Literal["refuse", "sum"] = "refuse"
    """What to do with an hour and service that comes twice in a file."""

    @model_validator(mode="after")
    def _counts_passages(self) -> HourlyMapping:
        if "passages" not in self.counts:
            raise ValueError("counts names no column for `passages`")
        return self


Mapping = VisitMapping | HourlyMapping

_ADAPTER: TypeAdapter[Mapping] = TypeAdapter(Annotated[Mapping, Field(discriminator="rows")])


def load_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises ImportRefused, with every mistake in it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ImportRefused(f"{path} is not UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ImportRefused(f"{path}{where} is not YAML: {_problem(error)}") from None
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as error:
        sentences = [_sentence(problem) for problem in error.errors()]
        raise ImportRefused(
            f"{path} is no mapping:\n" + "\n".join(f"  {sentence}" for sentence in sentences)
        ) from None


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or "wrong syntax")


def _sentence(problem: Any) -> str:
    loc = [str(part) for part in problem["loc"] if part not in ("visit", "hourly_count")]
    where = ".".join(part for part in loc if not part.startswith(("constrained-", "function-")))
    match problem["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is no field of a mapping of this kind"
        case "union_tag_not_found" | "union_tag_invalid" | "model_attributes_type":
            return "rows is missing or wrong; expected `rows: visit` or `rows: hourly_count`"
        case "string_type":
            return f"{where} must be text; quote it: YAML reads {problem['input']!r} otherwise"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else str(message)
