"""A contender's process: started with its settings, and killed.

What has been measured is killed too: nobody waits for a farewell to a group of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from benchmarks.contenders import Contender
from benchmarks.engines import PROJECT


@dataclass
class Program:
    """One contender with one group and one database; it may be started several times."""

    contender: Contender
    environ: Mapping[str, str]
    state: Path
    log: Path
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Program:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it in a group of processes of its own."""
        self.state.mkdir(parents=True, exist_ok=True)
        settings = {
            "PYTHONPATH": str(PROJECT),
            "PEER_STATE": str(self.state),
            "PEER_JDBC": _jdbc(self.environ["PASSAGE_DATABASE_OWNER"]),
        }
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.contender.engine.command(self.state),
                env={**os.environ, **self.environ, **settings},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to it and all below it; nothing when it has ended."""
        if self._process is None:
            return
        if self.is_running:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])


def _jdbc(url: str) -> str:
    parts = urlsplit(url)
    # Batches as one statement, as the driver's documentation advises for many rows.
    options = f"user={parts.username}&password={parts.password}&reWriteBatchedInserts=true"
    return f"jdbc:postgresql://{parts.hostname}:{parts.port}{parts.path}?{options}"
