"""docs/operation.md against the code: every metric, setting and probe, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.reasons import Reason
from services.edge.metrics import EdgeMetrics
from services.edge.outbox import Outbox
from services.live.app import Application
from services.live.board import Board
from services.live.metrics import LiveMetrics
from services.planner.web.metrics import WebMetrics
from services.processor.metrics import ProcessorMetrics
from services.runtime.logs import LogSettings
from services.runtime.metrics import Metrics
from services.runtime.traces import TraceSettings

PAGE = (Path(__file__).parents[3] / "docs" / "operation.md").read_text(encoding="utf-8")
SERVICES = ("processor", "live", "web", "edge")


@pytest.fixture
def metrics(tmp_path: Path) -> Iterator[dict[str, Metrics]]:
    app = Application("metrics", broker="kafka://127.0.0.1:1", store="memory://")
    outbox = Outbox(tmp_path / "outbox.db", min_free_bytes=0)
    yield {
        "processor": ProcessorMetrics(),
        "live": LiveMetrics(Board(app, timedelta(minutes=3))),
        "web": WebMetrics(),
        "edge": EdgeMetrics(outbox),
    }
    outbox.close()


def rows(heading: str) -> set[str]:
    """The rows of the table under a heading."""
    part = PAGE.partition(f"### {heading}\n")[2].partition("\n#")[0]
    return {line for line in part.splitlines() if line.startswith("| `")}


@pytest.mark.parametrize("service", SERVICES)
def test_the_page_lists_the_services_metrics(metrics: dict[str, Metrics], service: str) -> None:
    assert rows(service) == {
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.meaning} |"
        for one in metrics[service].declared
    }


@pytest.mark.parametrize("service", SERVICES)
def test_every_metric_that_is_read_was_declared_or_is_of_the_process(
    metrics: dict[str, Metrics], service: str
) -> None:
    families = {family.name: family.type for family in metrics[service].registry.collect()}
    declared = {one.name.removesuffix("_total"): one.kind for one in metrics[service].declared}
    of_process = {name for name in families if name.startswith("process_")}
    assert {name: families[name] for name in families.keys() - of_process} == declared
    assert of_process == {
        name.removesuffix("_total") for name in re.findall(r"`(process_\w+)`", PAGE)
    }


def test_labels_have_few_values(metrics: dict[str, Metrics]) -> None:
    labels = {label for one in metrics.values() for d in one.declared for label in d.labels}
    assert labels == {"version", "reason", "action", "topic", "partition", "route", "status"}
    assert len(Reason) < 30


@pytest.mark.parametrize("settings", [LogSettings, TraceSettings])
def test_the_page_names_the_settings(settings: Any) -> None:
    assert all(f"`{variable}" in PAGE for variable in settings.variables())
