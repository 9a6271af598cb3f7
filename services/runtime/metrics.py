"""Metrics for Prometheus: declared with their meaning, kept per process, read at /metrics.

Names are `passage_<service>_<what>_<unit>`, in base units (seconds, bytes), counters end in
`_total`. Labels have few values, all known beforehand: never an id, a visitor or free text.
docs/operation.md lists every metric.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

Kind = Literal["counter", "gauge", "histogram"]

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of a histogram of how long something takes."""
DELAY_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0, 3600.0, 86_400.0)
"""Bounds of a histogram of how late something is."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as docs/operation.md lists it."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str


class Metrics:
    """The metrics of one service; a registry of its own, and nothing global."""

    def __init__(self, service: str) -> None:
        self.declared: list[Declared] = []
        self._registry = CollectorRegistry()
        self._prefix = f"passage_{service}_"
        ProcessCollector(registry=self._registry)
        self.gauge("build_info", "1, with the version that runs", "version").labels(
            version("passage")
        ).set(1)

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """A number that only grows; its name ends in `_total`."""
        full = self._declare(name, "counter", labels, meaning)
        return Counter(full, meaning, labels, registry=self._registry)

    def gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        """A number that goes up and down."""
        full = self._declare(name, "gauge", labels, meaning)
        return Gauge(full, meaning, labels, registry=self._registry)

    def histogram(
        self, name: str, meaning: str, *labels: str, bounds: Sequence[float] = SECONDS
    ) -> Histogram:
        """How often a number was within which bounds."""
        full = self._declare(name, "histogram", labels, meaning)
        return Histogram(full, meaning, labels, registry=self._registry, buckets=bounds)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """The numbers as they are now, and their content type, as the Accept header prefers."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    @property
    def registry(self) -> CollectorRegistry:
        """The registry, for a server of its own."""
        return self._registry

    def _declare(self, name: str, kind: Kind, labels: tuple[str, ...], meaning: str) -> str:
        full = self._prefix + name
        if not re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", full) or (kind == "counter") != (
            name.endswith("_total")
        ):
            raise ValueError(f"{full} is no name for a {kind}")
        self.declared.append(Declared(full, kind, labels, meaning))
        return full
