"""Settings of audit, rebuild and purge, from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.runtime.settings import Settings

_URL = "postgresql://user:password@host:port/database"


class AuditSettings(Settings):
    """Audit and rebuild work as the processor does: as the writer role."""

    database_writer: Annotated[str, Field(description=_URL)]


class PurgeSettings(Settings):
    """Only the owner may drop chunks."""

    database_owner: Annotated[str, Field(description=_URL)]
