"""Requests made from the OpenAPI documents by schemathesis: answers are as the documents say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.transport import requests as sending

from services.gateway.content import JSON, NDJSON
from tests.integration.fuzz.conftest import Effort
from tests.integration.fuzz.served import Served

Check = Callable[[Any], None]

pytestmark = pytest.mark.timeout(1800)  # PASSAGE_FUZZ=full makes some ten thousand requests

ANSWERS_WITHIN_S = 30
# With which a request that fits the document may be answered all the same. The gateway: 403 is
# another device's event, 404 another hook, and a hook asks for a signature (401), not for a token.
GATEWAY_MAY_SAY = ["401", "403", "404"]
# The planner: which codes there are, and that a period ends after it begins, no document says.
WEB_MAY_SAY = ["422"]


@pytest.fixture(scope="module")
def sender() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture(scope="module", autouse=True)
def _prepared() -> Iterator[None]:
    load_all_checks()

    @schemathesis.serializer(NDJSON)
    def ndjson(context: Any, value: Any) -> bytes:
        # What is to be no text, such as a number, is written as JSON.
        return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "replace")

    with pytest.MonkeyPatch.context() as patch:
        # It looks into urllib3, in whose place a dependency of grafana-client puts a fork of it.
        patch.setattr(sending, "_count_opened_connections", lambda session: 0)
        yield


def ask(server: Served, effort: Effort, check: Check, *, may_say: list[str]) -> None:
    """Make requests of every operation of a server's document and give each to `check`."""
    schema = schemathesis.openapi.from_url(
        f"{server.url}/openapi.json",
        config=schemathesis.Config.from_dict(
            {
                "checks": {
                    "max_response_time": ANSWERS_WITHIN_S,
                    # Documented: whoever sends too much at once, or while the broker is away.
                    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "304", *may_say]},
                }
            }
        ),
    )
    modes = [HypothesisTestMode.FUZZING]
    if effort.coverage:
        modes += [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE]
    asking = HypothesisTestConfig(
        project=schema.config,
        modes=modes,
        settings=hypothesis.settings(
            max_examples=effort.examples,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
    for found in schema.get_all_operations():
        create_test(operation=cast(Ok[Any], found).ok(), test_func=check, config=asking)()


def test_the_gateway_answers_as_its_document_says(
    gateway: Served, effort: Effort, sender: requests.Session
) -> None:
    accepts = CHECKS.get_one("positive_data_acceptance")

    def answers(case: Any) -> None:
        case.call_and_validate(
            session=sender,
            headers=gateway.authorization,
            excluded_checks=[] if _is_fully_described(case) else [accepts],
        )

    ask(gateway, effort, answers, may_say=GATEWAY_MAY_SAY)


def _is_fully_described(case: Any) -> bool:
    """False for what no document can say: which fields a CloudEvent's attributes stand for, what is
    in a line of NDJSON, and that 1.0, an integer to JSON Schema, is none to us."""
    is_binary = any(name.lower().startswith("ce-") for name in case.headers or {})
    return case.media_type == JSON and not is_binary and not _has_decimals(case.body)


def _has_decimals(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_decimals, value.values()))
    return any(map(_has_decimals, value)) if isinstance(value, list) else isinstance(value, float)


def test_the_planner_answers_as_its_document_says(
    web: Served, effort: Effort, sender: requests.Session
) -> None:
    def answers(case: Any) -> None:
        case.call_and_validate(session=sender, headers=web.authorization)

    ask(web, effort, answers, may_say=WEB_MAY_SAY)


@pytest.mark.parametrize("server", ["gateway", "web"])
def test_nobody_is_let_in_without_a_key(
    server: str, effort: Effort, sender: requests.Session, request: pytest.FixtureRequest
) -> None:
    statuses = set()

    def is_refused(case: Any) -> None:
        response = case.call(session=sender)
        statuses.add(response.status_code)
        case.validate_response(response)

    ask(request.getfixturevalue(server), effort, is_refused, may_say=["401", "404"])
    # 404: there is no such hook; 405: nor such a method.
    assert 401 in statuses
    assert statuses <= {401, 404, 405}
