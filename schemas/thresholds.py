"""Thresholds of waiting: data with a source and a validity, never constants of the code."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.types import Code


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Scope(_Entry):
    """Where a threshold applies; what is left out applies everywhere."""

    site: Code | None = None
    directorate: Code | None = None
    service: Code | None = None


class Threshold(_Entry):
    """A duration that a share is measured against, and who says so."""

    indicator: Literal["wait", "last_call_wait", "service"]
    """As table `footfall_wait` names its measures."""
    value_s: Annotated[int, Field(ge=1, le=86_400)]
    source: Annotated[str, Field(min_length=1, max_length=120)]
    """Published beside every share under it."""
    valid_from: date | None = None
    valid_to: date | None = None
    """The first local day on which it no longer holds."""
    scope: Scope = Scope()

    def valid_on(self, day: date) -> bool:
        """True when the threshold is in force on that local day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )
