"""What to do when a delivery fails: pure decisions, no network and no clock."""

from __future__ import annotations

from enum import Enum

FIRST_BACKOFF_S = 0.5
MAX_BACKOFF_S = 30.0
MIN_WINDOW = 1
MAX_WINDOW = 500


class Verdict(Enum):
    """What an error of the broker or of its client means for the event that met it."""

    AWAY = "away"
    """Nobody answered, or not in time: try again."""
    MISCONFIGURED = "misconfigured"
    """Will not pass until a person changes something: try again, and say so."""
    REFUSED = "refused"
    """This event will never pass: put it aside."""


# By name, so that deciding needs no Kafka client; names are those of kafka-python's errors.
_REFUSED = frozenset(
    [
        "MessageSizeTooLargeError",  # larger than the topic or the request allows
        "RecordListTooLargeError",  # the same, said by older brokers
        "InvalidRecordError",  # the broker's own check of a record failed
    ]
)
_REMEDIES = {
    "UnknownTopicOrPartitionError": "create the topics with `passage provision topics`",
    "InvalidTopicError": "correct PASSAGE_TOPIC_PREFIX",
    "TopicAuthorizationFailedError": "allow this device's user to write to the topic",
    "ClusterAuthorizationFailedError": "allow this device's user idempotent writes",
    "AuthorizationError": "allow this device's user to write to the topics",
    "SaslAuthenticationFailedError": "correct PASSAGE_KAFKA_USERNAME and its password file",
    "UnsupportedSaslMechanismError": "correct PASSAGE_KAFKA_MECHANISM",
    "gaierror": "correct the host in PASSAGE_KAFKA, unless the network is down",
    "IllegalSaslStateError": "correct PASSAGE_KAFKA_SECURITY",
    "SSLError": "correct PASSAGE_KAFKA_SECURITY or PASSAGE_KAFKA_CA_FILE",
    "SSLCertVerificationError": "correct PASSAGE_KAFKA_CA_FILE, or the broker's certificate",
    "InvalidTimestampError": "set the topics right with `passage provision topics`",
    "UnsupportedVersionError": "upgrade the broker or this program",
    "UnsupportedCompressionTypeError": "choose another PASSAGE_COMPRESSION",
    "UnsupportedForMessageFormatError": "upgrade the topic's message format",
    "PolicyViolationError": "ask the broker's administrator which policy is broken",
    "KafkaConfigurationError": "correct the device's Kafka settings",
}

# Their message is a sentence for a person already.
_GATEWAY_REFUSED = "GatewayRefused"
_EXPLAINED = frozenset(["CannotLogIn", "GatewayMisconfigured", "InvalidSetting"])


def judge(error: BaseException) -> Verdict:
    """The meaning of an error; one that nobody knows is worth another try, never a lost event."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _REFUSED or _GATEWAY_REFUSED in names:
        return Verdict.REFUSED
    if names & (_REMEDIES.keys() | _EXPLAINED):
        return Verdict.MISCONFIGURED
    return Verdict.AWAY


def problem_of(error: BaseException, addresses: str) -> str:
    """A sentence for a person: what stands in the way, and the remedy."""
    for kind in type(error).__mro__:
        if kind.__name__ in _EXPLAINED:
            return str(error)
        if kind.__name__ in _REMEDIES:
            return f"{kind.__name__}. Remedy: {_REMEDIES[kind.__name__]}"
    other = "gateway" if addresses.startswith("http") else "broker"
    return (
        f"the {other} at {addresses} does not answer ({type(error).__name__}). "
        f"Events wait in the outbox; delivery goes on by itself when the {other} is back"
    )


def refusal_of(error: BaseException) -> str:
    """Why an event will never pass, to be kept with it."""
    name = type(error).__name__
    return str(error) if name == _GATEWAY_REFUSED else f"{name} at the broker"


def backoff_s(failures: int, random: float) -> float:
    """Seconds to wait after so many failures in a row; `random` in [0, 1) spreads the devices.

    Doubles from half a second to half a minute; at least half of it is waited, so that a hall of
    kiosks neither hammers a broker that comes back nor meets it all at once.
    """
    ceiling = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 20))
    return ceiling / 2 + ceiling / 2 * random


def next_window(window: int, *, complete: bool) -> int:
    """How many events to send at once: half as many after a failure, twice as many after success.

    On a line too slow for a full window in the time allowed, this finds what does get through.
    """
    if complete:
        return min(MAX_WINDOW, window * 2)
    return max(MIN_WINDOW, window // 2)
