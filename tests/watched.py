"""What a service says of itself: its pages, its metrics, its memory."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

Numbers = dict[tuple[str, ...], float]


def page(port: int, path: str) -> tuple[int, bytes] | None:
    """Status and body; None while nothing listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def status(port: int, path: str) -> int | None:
    """The status alone."""
    found = page(port, path)
    return None if found is None else found[0]


def numbers(port: int) -> Numbers:
    """Each sample of /metrics by its name and the values of its labels."""
    found = page(port, "/metrics")
    assert found is not None
    assert found[0] == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(found[1].decode())
        for sample in family.samples
    }


def resident_mb(pid: int) -> float:
    """Memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
