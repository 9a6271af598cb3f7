from __future__ import annotations

import pytest
from kafka import errors

from services.edge import delivery
from services.edge.delivery import Verdict, backoff_s, judge, next_window, problem_of


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (errors.KafkaTimeoutError(), Verdict.AWAY),
        (errors.KafkaConnectionError(), Verdict.AWAY),
        (errors.NotEnoughReplicasError(), Verdict.AWAY),
        (errors.OutOfOrderSequenceNumberError(), Verdict.AWAY),
        (OSError("unheard of"), Verdict.AWAY),
        (errors.UnknownTopicOrPartitionError(), Verdict.MISCONFIGURED),
        (errors.TopicAuthorizationFailedError(), Verdict.MISCONFIGURED),
        (errors.SaslAuthenticationFailedError(), Verdict.MISCONFIGURED),
        (errors.MessageSizeTooLargeError(), Verdict.REFUSED),
        (errors.InvalidRecordError(), Verdict.REFUSED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.value,
)
def test_an_error_is_judged(error, verdict):
    assert judge(error) is verdict


def test_every_kafka_error_named_exists():
    builtin = {"SSLError", "SSLCertVerificationError", "FileNotFoundError"}
    builtin |= {"PermissionError", "gaierror"}
    for name in (delivery._REFUSED | delivery._REMEDIES.keys()) - builtin:
        assert hasattr(errors, name), name


def test_a_problem_has_its_remedy():
    missing = problem_of(errors.UnknownTopicOrPartitionError("visit-events"), "kafka:9092")
    assert "passage provision topics" in missing
    assert "kafka:9092 does not answer" in problem_of(errors.KafkaTimeoutError(), "kafka:9092")


def test_backoff_doubles_is_bounded_and_spread():
    assert [backoff_s(n, 0.999999) for n in (1, 2, 3)] == pytest.approx([0.5, 1, 2], rel=1e-3)
    assert backoff_s(1_000_000, 0.999999) <= delivery.MAX_BACKOFF_S
    assert backoff_s(50, 0.0) == delivery.MAX_BACKOFF_S / 2


def test_a_window_shrinks_to_one_and_grows_back():
    window = delivery.MAX_WINDOW
    for _ in range(20):
        window = next_window(window, complete=False)
    assert window == 1
    for _ in range(20):
        window = next_window(window, complete=True)
    assert window == delivery.MAX_WINDOW
