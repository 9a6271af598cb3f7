"""Settings of the planner, from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.registry import TimeZone
from services.runtime.database import DatabaseAddress
from services.runtime.settings import Settings


class PlannerSettings(Settings):
    """Where the history is read, and whose days are meant."""

    database_reader: DatabaseAddress
    time_zone: Annotated[TimeZone, Field(description="a zone such as Europe/Paris")] = (
        "Europe/Paris"
    )
