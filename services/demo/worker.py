"""The demo's processor: one worker in the background, known by its pid file."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from services.stack.process import ServerProcess

STOP_TIMEOUT_S = 20.0


class BackgroundWorker:
    """`python -m services.processor`, outliving the command that started it."""

    def __init__(self, home: Path) -> None:
        self._process = ServerProcess(
            "the processor", home / "processor.pid", home / "processor.log"
        )

    @property
    def log(self) -> Path:
        """Where the worker writes, one JSON object a line."""
        return self._process.log

    def is_running(self) -> bool:
        """True while the worker that `start` started lives."""
        return self._process.is_running()

    def start(self, settings: Mapping[str, str]) -> None:
        """Start the worker; settings go by the environment, where no process list shows them."""
        if not self.is_running():
            self._process.start([sys.executable, "-m", "services.processor"], settings)

    def log_tail(self) -> str:
        """The last lines of its log, for an error message."""
        return self._process.log_tail()

    def stop(self) -> None:
        """Ask the worker to finish its batch and end."""
        self._process.stop(signal.SIGTERM, timeout_s=STOP_TIMEOUT_S)

    def remove(self) -> None:
        """Remove its log."""
        self.log.unlink(missing_ok=True)
