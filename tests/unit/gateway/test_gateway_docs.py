"""The page says what is so: its example is an event, its tables are whole."""

from __future__ import annotations

import ast
import json
import re
import uuid
from pathlib import Path

import pytest

from schemas.codec import decode
from services.gateway import examples
from services.gateway.measures import Measures
from services.gateway.results import Outcome
from services.gateway.settings import GatewaySettings
from services.gateway.waiting import GatewayOutbox
from services.runtime.kafka import KafkaSettings

PAGE = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text(encoding="utf-8")


def test_the_event_for_curl_is_the_first_example_of_the_description() -> None:
    told = re.search(r"<<'END'\n(.*?)\nEND", PAGE, re.DOTALL)
    assert told is not None
    assert decode(told[1].encode()) == decode(json.dumps(examples.TICKET).encode())


def test_the_way_to_a_visit_id_leads_to_that_of_the_example() -> None:
    told = re.search(r"uuid\.uuid5\(\s*uuid\.UUID\((\".*?\")\),\s*(\".*?\"),?\s*\)", PAGE)
    assert told is not None
    namespace, name = map(ast.literal_eval, told.groups())
    assert str(uuid.uuid5(uuid.UUID(namespace), name)) == examples.TICKET["visit_id"]


def test_every_setting_is_listed() -> None:
    own = GatewaySettings.variables() - KafkaSettings.variables()
    assert own <= set(re.findall(r"`(PASSAGE_[A-Z_]+)`", PAGE))


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_explained(outcome: Outcome) -> None:
    assert f"| `{outcome}` |" in PAGE


def test_every_metric_is_listed_as_it_is_declared(tmp_path: Path) -> None:
    outbox = GatewayOutbox(tmp_path / "outbox.db", max_bytes=10**6, min_free_bytes=0)
    lines = {
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.meaning} |"
        for one in Measures(outbox).declared
    }
    outbox.close()
    assert lines == {line for line in PAGE.splitlines() if line.startswith("| `passage_gateway_")}
