"""Settings of audit, rebuild and purge, from the environment."""

from __future__ import annotations

from services.runtime.database import DatabaseAddress
from services.runtime.settings import Settings


class AuditSettings(Settings):
    """Audit and rebuild work as the processor does: as the writer role."""

    database_writer: DatabaseAddress


class PurgeSettings(Settings):
    """Only the owner may drop chunks."""

    database_owner: DatabaseAddress
