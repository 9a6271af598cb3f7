"""The stack: one Kafka and one TimescaleDB, made, started, stopped and removed together."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.stack import timescaledb
from services.stack.account import Account, DataFolder
from services.stack.credentials import Passwords, environment, render_env, write_private
from services.stack.jars import KafkaJars
from services.stack.kafka import KafkaServer
from services.stack.postgres import PostgresServer
from services.stack.report import Report, silent


class Stack:
    """Two real servers on the loopback, with all that they keep in `home`.

    Everything can be repeated: what is there already is left as it is. The servers outlive this
    process; another `Stack` of the same home finds them again. Stacks of different homes and ports
    stand side by side and can share one `cache` for Kafka's jars. `heap_mb` bounds Kafka's memory.
    """

    def __init__(
        self,
        home: Path,
        kafka_port: int,
        postgres_port: int,
        *,
        cache: Path | None = None,
        heap_mb: int = 512,
    ) -> None:
        self.home = home.absolute()
        self.cache = (cache or self.home / "cache").absolute()
        self._jars = KafkaJars(self.cache)
        self._passwords = Passwords(self.home / "passwords.json")
        self._folder = DataFolder(self.home)
        self.kafka = KafkaServer(self.home / "kafka", kafka_port, self._jars, heap_mb=heap_mb)
        self.postgres = PostgresServer(
            self.home,
            postgres_port,
            account=lambda: Account.for_user_id(os.geteuid()),
            folder=self._folder,
            passwords=self._passwords,
        )

    @property
    def env_file(self) -> Path:
        """Where `up` writes `environ` down, for programs that read settings from a file."""
        return self.home / "stack.env"

    def environ(self) -> dict[str, str]:
        """The settings that lead the other services here; the same at every call."""
        self.home.mkdir(parents=True, exist_ok=True)
        return environment(
            self._passwords.load(),
            bootstrap=self.kafka.bootstrap,
            postgres_address=self.postgres.address,
        )

    def is_installed(self) -> bool:
        """Whether both servers can be started without fetching or installing anything."""
        return self._jars.are_there() and timescaledb.is_installed()

    def install(self, report: Report = silent) -> None:
        """Fetch Kafka and install TimescaleDB, where they are missing."""
        with self._alone():
            self._install(report)

    def up(self, report: Report = silent) -> None:
        """Install what is missing and start both servers; returns when both answer."""
        with self._alone():
            self._install(report)
            for name, server, address in (
                ("Kafka", self.kafka, self.kafka.bootstrap),
                ("TimescaleDB", self.postgres, self.postgres.address),
            ):
                with report(f"Starting {name} on {address}") as step:
                    if server.is_running():
                        step.note("already running")
                    server.start()
            if self._folder.is_outside:
                with report(f"The database's data is in {self._folder.path}") as step:
                    step.note(f"the user postgres cannot enter {self.home}")
            write_private(self.env_file, render_env(self.environ()))

    def down(self, report: Report = silent) -> None:
        """Stop both servers; their data stays."""
        if not self.home.is_dir():
            return
        with self._alone():
            for name, server in (("Kafka", self.kafka), ("TimescaleDB", self.postgres)):
                with report(f"Stopping {name}") as step:
                    if not server.is_running():
                        step.note("not running")
                    server.stop()

    def clean(self, report: Report = silent) -> None:
        """Stop both servers and remove all that the stack made in `home`, and nothing else.

        A cache outside `home` stays: other stacks use it.
        """
        if not self.home.is_dir():
            return
        self.down(report)
        with self._alone(), report(f"Removing the stack's data from {self.home}"):
            self.kafka.remove()
            self.postgres.remove()
            self._passwords.remove()
            self.env_file.unlink(missing_ok=True)
            if self.home in self.cache.parents:
                self._jars.remove()
            self._lock.unlink()
        for folder in (self.cache, self.home):
            # Folders that hold something of somebody else's stay.
            with suppress(OSError):
                folder.rmdir()

    @property
    def _lock(self) -> Path:
        return self.home / "stack.lock"

    def _install(self, report: Report) -> None:
        self._jars.fetch(report)
        timescaledb.ensure(report)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time change this stack: two demos at once would format it twice."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
