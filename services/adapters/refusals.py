"""Why a message, or one event of it, could not be made: reasons that name no value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalReason(StrEnum):
    """Reasons of a refusal."""

    NOT_JSON = "not_json"
    MISSING = "missing"
    RAGGED_ROW = "ragged_row"
    NOT_A_LIST = "not_a_list"
    NOT_IN_TABLE = "not_in_table"
    NOT_A_TIME = "not_a_time"
    SKIPPED_TIME = "skipped_time"
    AMBIGUOUS_TIME = "ambiguous_time"
    INVALID = "invalid"


EXPLANATIONS: dict[RefusalReason, str] = {
    RefusalReason.NOT_JSON: "the body is not JSON in UTF-8",
    RefusalReason.MISSING: "it is absent, null or blank",
    RefusalReason.RAGGED_ROW: (
        "the row has more cells than the header; a cell with the delimiter in it needs quotes"
    ),
    RefusalReason.NOT_A_LIST: "`each` needs a list there",
    RefusalReason.NOT_IN_TABLE: "its value is not in the table; add it, or null to leave it out",
    RefusalReason.NOT_A_TIME: "its value is not a time of the format that the mapping states",
    RefusalReason.SKIPPED_TIME: "the local time does not exist: the clock change skips it",
    RefusalReason.AMBIGUOUS_TIME: (
        "the local time came twice; say `ambiguous: first` or `second` in the mapping's `time`"
    ),
    RefusalReason.INVALID: "its value breaks the contract of the event",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What could not be made an event: why, and which field of the mapping met it."""

    reason: RefusalReason
    field: str | None = None
    event_type: str | None = None
    detail: str | None = None
    """What the contract says, where that is the reason; never a value."""

    @property
    def sentence(self) -> str:
        """For a person."""
        event = f"{self.event_type}: " if self.event_type else ""
        field = f"{self.field}: " if self.field else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{event}{field}{EXPLANATIONS[self.reason]}{detail}"
