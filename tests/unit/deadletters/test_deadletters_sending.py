"""What is sent for a dead letter, or why nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.deadletters.letters import Letter
from services.deadletters.sending import (
    NeedsOriginal,
    Original,
    Refused,
    Sendable,
    Skipped,
    from_original,
    plan,
)

MakeLetter = Callable[..., Letter]


def planned(letter: Letter, **changes: Any) -> Any:
    usual: dict[str, Any] = {"prefix": "", "again": False, "from_topic": False}
    return plan(letter, **usual | changes)


def test_the_kept_body_goes_to_its_topic_keyed_by_visit(letter: MakeLetter) -> None:
    message = planned(letter())
    assert isinstance(message, Sendable)
    assert (message.topic, message.key) == ("visit-events", b"v-1")
    assert json.loads(message.value) == letter().body


def test_a_sign_of_life_is_keyed_by_its_device(letter: MakeLetter) -> None:
    body = {"type": "heartbeat", "source": "acc-borne-1"}
    message = planned(letter(topic="heartbeats", body=body))
    assert (message.topic, message.key) == ("heartbeats", b"acc-borne-1")


def test_an_event_on_the_wrong_topic_goes_to_the_one_where_it_belongs(letter: MakeLetter) -> None:
    body = {"type": "heartbeat", "source": "acc-borne-1"}
    message = planned(letter(topic="t.visit-events", reason="wrong_topic", body=body), prefix="t.")
    assert (message.topic, message.key) == ("t.heartbeats", b"acc-borne-1")


def test_an_event_of_an_unknown_type_goes_back_to_its_topic(letter: MakeLetter) -> None:
    message = planned(letter(reason="unknown_type", body={"type": "ticket_eaten"}))
    assert (message.topic, message.key) == ("visit-events", None)


def test_the_first_arrival_goes_with_it(letter: MakeLetter) -> None:
    message = planned(letter())
    assert message.headers == [("passage-received-at", b"2026-11-24T08:12:05.120+00:00")]


def test_what_was_replayed_is_skipped_unless_again(letter: MakeLetter) -> None:
    done = letter(replayed_at=datetime(2026, 11, 25, tzinfo=UTC))
    assert isinstance(planned(done), Skipped)
    assert isinstance(planned(done, again=True), Sendable)


def test_what_is_not_whole_is_refused_with_the_way_out(letter: MakeLetter) -> None:
    refused = planned(letter(replayable=False))
    assert isinstance(refused, Refused)
    assert "--from-topic" in refused.why
    assert "45 days" in refused.why


def test_what_is_not_whole_is_taken_from_the_topic_when_asked(letter: MakeLetter) -> None:
    assert isinstance(planned(letter(replayable=False), from_topic=True), NeedsOriginal)
    assert isinstance(planned(letter(), from_topic=True), Sendable)


@pytest.mark.parametrize("reason", ["identity_field", "not_json", "conflict", "too_old"])
@pytest.mark.parametrize("from_topic", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_what_nothing_can_mend_is_never_sent(
    letter: MakeLetter, reason: str, from_topic: bool, again: bool
) -> None:
    step = planned(letter(reason=reason, replayable=False), from_topic=from_topic, again=again)
    assert isinstance(step, Refused)


def test_a_topic_of_another_environment_is_refused(letter: MakeLetter) -> None:
    refused = planned(letter(topic="staging.visit-events"))
    assert isinstance(refused, Refused)
    assert "PASSAGE_TOPIC_PREFIX" in refused.why


def test_an_original_goes_out_verbatim_with_its_own_key(letter: MakeLetter) -> None:
    message = from_original(letter(replayable=False), Original(b"k", b"verbatim"), prefix="")
    assert isinstance(message, Sendable)
    assert (message.topic, message.key, message.value) == ("visit-events", b"k", b"verbatim")


def test_an_original_that_is_gone_is_said_to_be_lost(letter: MakeLetter) -> None:
    refused = from_original(letter(), None, prefix="")
    assert isinstance(refused, Refused)
    assert "lost" in refused.why


def test_another_message_in_its_place_is_never_sent(letter: MakeLetter) -> None:
    refused = from_original(letter(), Original(b"k", b"other"), prefix="")
    assert isinstance(refused, Refused)
    assert "other" not in refused.why.split()
