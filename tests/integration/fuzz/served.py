"""The web servers as processes of their own, so that what they become can be measured."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.processes import running
from tests.conftest import eventually, free_ports
from tests.watched import resident_mb

NO_ANSWER = 0
"""In place of a status: the server closed the connection without a word."""


@dataclass(frozen=True)
class Served:
    """A server that runs, and a key that it lets in."""

    pid: int
    port: int
    key: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def authorization(self) -> dict[str, str]:
        """The header that lets in."""
        return {"Authorization": f"Bearer {self.key}"}

    def status(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        """The status of the answer to a request with the key."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {**self.authorization, **named})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def told(self, raw: bytes, *, within_s: float = 30) -> int:
        """The status of the answer to these bytes, which need not be a request.

        Raises TimeoutError when the server neither answers nor closes the connection.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=within_s) as connection:
            # It may have answered and closed before it has read everything.
            with suppress(ConnectionError):
                connection.sendall(raw)
            answer = b""
            with suppress(ConnectionError):
                while len(answer) < 12 and (some := connection.recv(4096)):
                    answer += some
        return int(answer[9:12]) if answer else NO_ANSWER

    def resident_mb(self) -> float:
        """Memory that the process has now, in MB."""
        return resident_mb(self.pid)


@contextmanager
def served(module: str, command: str, key: str, log: Path, **environ: str) -> Iterator[Served]:
    """`python -m module command` until the end; `{port}` in a setting is the port that it takes."""
    [port] = free_ports(1)
    settings = {name: value.format(port=port) for name, value in environ.items()}
    with running(module, command, environ=settings, log=log) as process:
        one = Served(process.pid, port, key)

        def is_ready() -> bool:
            assert process.poll() is None, log.read_text()
            return _is_ready(one)

        eventually(is_ready, deadline_s=120)
        yield one


def _is_ready(one: Served) -> bool:
    try:
        return one.status("GET", "/ready") == 200
    except (OSError, HTTPException):
        return False
