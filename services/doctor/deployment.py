"""The deployment that is looked at: sessions that can only read, and never for long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg

from services.doctor.findings import CannotTell
from services.doctor.settings import DoctorSettings
from services.runtime.database import DatabaseUrl, connect
from services.runtime.kafka import Brokers

Role = Literal["admin", "owner", "writer", "reader"]
READING: tuple[Role, ...] = ("reader", "writer", "owner")
"""Who may ask the views, the one with the fewest rights first."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Its settings, the environment they came from, and how long one answer may take."""

    settings: DoctorSettings
    environ: Mapping[str, str]
    registry_file: Path | None = None
    patience_s: float = 5.0

    def address(self, role: Role) -> DatabaseUrl | None:
        """Where a role finds the database; none when it has no URL."""
        url = getattr(self.settings, f"database_{role}")
        if url is None:
            return None
        return DatabaseUrl.parse(url.get_secret_value(), f"PASSAGE_DATABASE_{role.upper()}")

    @contextmanager
    def session(self, *roles: Role) -> Iterator[psycopg.Connection[Any]]:
        """A read-only session of the first of these roles that has a URL.

        Raises CannotTell when none has, DatabaseUnavailable when the database does not answer.
        """
        address = next((found for role in roles if (found := self.address(role))), None)
        if address is None:
            names = " or ".join(f"PASSAGE_DATABASE_{role.upper()}" for role in roles)
            raise CannotTell(f"needs {names}")
        with closing(connect(self._bounded(address), "passage doctor", autocommit=True)) as session:
            yield session

    @property
    def kafka(self) -> Brokers:
        """Where the brokers are. Raises CannotTell when nothing says so."""
        if self.settings.kafka is None:
            raise CannotTell("needs PASSAGE_KAFKA")
        return self.settings.brokers

    def now(self) -> datetime:
        """This machine's clock."""
        return datetime.now(UTC)

    def _bounded(self, address: DatabaseUrl) -> DatabaseUrl:
        # The server holds us to it: whatever we would write, it refuses.
        options = (
            "-c default_transaction_read_only=on -c timezone=UTC -c search_path=public "
            f"-c statement_timeout={int(self.patience_s * 1000)} -c lock_timeout=1000"
        )
        given = f"{address.others.get('options', '')} {options}".strip()
        # libpq takes one second for no limit at all, and waits two at least.
        timeout = max(2, int(self.patience_s))
        return replace(
            address, others={**address.others, "options": given, "connect_timeout": timeout}
        )
