"""A live service as a process of its own, and what the views say of the same site."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import eventually, free_ports
from tests.pipeline import Pipeline

SITE = "creteil-accueil"


@dataclass
class Live:
    """One live service."""

    environ: dict[str, str]
    log: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Live:
        """Start it, and wait until its picture is complete."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.live"],
                env={**os.environ, **self.environ, "PASSAGE_LIVE_PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(lambda: self.status("/health") == 200, deadline_s=60)
        return self

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self.process = None
        return code

    def get(self, path: str) -> tuple[int, Any]:
        """Status and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def status(self, path: str) -> int | None:
        """The status, None while nothing listens."""
        try:
            return self.get(path)[0]
        except (OSError, HTTPException):
            return None

    def picture(self, site: str = SITE) -> dict[str, Any]:
        status, body = self.get(f"/sites/{site}")
        assert status == 200, body
        return dict(body)

    @contextmanager
    def events(self, site: str = SITE) -> Iterator[Iterator[dict[str, str]]]:
        """The site's server-sent events as they come, comments left out."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/sites/{site}/events", headers={"Origin": "http://hall"})
            response = connection.getresponse()
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            yield _events(response)
        finally:
            connection.close()


def _events(response: Any) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    for line in response:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield fields
            fields = {}


@pytest.fixture
def live(pipeline: Pipeline, tmp_path: Path) -> Iterator[Callable[[], Live]]:
    """Starts live services on the pipeline's topics; they end with the test."""
    started: list[Live] = []

    def start() -> Live:
        environ = {key: value for key, value in pipeline.environ.items() if "DATABASE" not in key}
        started.append(Live(environ, tmp_path / f"live-{len(started)}.log"))
        return started[-1].start()

    yield start
    for one in started:
        if one.process is not None:
            one.end(signal.SIGKILL)


Values = dict[tuple[str, ...], Any]
"""What a picture and the views both say, piece by piece."""


class Views:
    """What a reader sees of a site in the database, in one snapshot."""

    def __init__(self, url: str, site: str = SITE) -> None:
        self._connection = psycopg.connect(url)
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._site = site

    def close(self) -> None:
        self._connection.close()

    def values(self) -> Values:
        """The views' answers now."""
        found: Values = {}
        with self._connection.transaction():
            for directorate, passages in self._rows(
                "SELECT directorate, sum(passages)::bigint FROM footfall_daily"
                " WHERE site = %(site)s AND local_date = (now() AT TIME ZONE 'Europe/Paris')::date"
                " GROUP BY directorate HAVING sum(passages) > 0"
            ):
                found["passages", directorate] = passages
            for directorate, service, *counts, longest_wait_s, now in self._rows(
                "SELECT directorate, service, waiting, called, persons, longest_wait_s, now()"
                " FROM waiting_now WHERE site = %(site)s"
            ):
                for what, count in zip(("waiting", "called", "persons"), counts, strict=True):
                    found[what, directorate, service] = count
                if longest_wait_s is not None:
                    since = now - timedelta(seconds=longest_wait_s)
                    found["since", directorate, service] = since.timestamp()
            for device, received_at in self._rows(
                "SELECT device, last_received_at FROM device_status WHERE site = %(site)s"
            ):
                if received_at is not None:
                    found["heard", device] = received_at.timestamp()
        return {key: value for key, value in found.items() if value}

    def _rows(self, query: Any) -> list[Any]:
        return self._connection.execute(query, {"site": self._site}).fetchall()


@pytest.fixture
def views(database: Any) -> Iterator[Views]:
    """The views, through the reader role."""
    reading = Views(database.reader)
    yield reading
    reading.close()
