"""The Kafka producer of a device: slow to give up, exact about order, light on a bad line."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from services.edge.settings import EdgeSettings
from services.runtime.handshake import reach
from services.runtime.kafka import Brokers

ATTEMPT_S = 15.0


Header = tuple[str, bytes]


class Delivery(Protocol):
    """The broker's answer to one event, when it comes."""

    @property
    def is_done(self) -> bool:
        """True once the broker acknowledged it or the client gave it up."""

    def get(self, timeout: float | None = None) -> Any:
        """Return when it is acknowledged; raise why it is not."""


class Producer(Protocol):
    """The part of a Kafka producer that delivery uses."""

    def send(
        self, topic: str, value: bytes, key: bytes, headers: Sequence[Header] = ()
    ) -> Delivery:
        """Queue one message; may raise at once."""

    def close(self, timeout_s: float) -> None:
        """Stop within about so many seconds; what is not acknowledged by then is given up."""


class _KafkaProducer:
    """kafka-python's producer, with a close that ends its thread whatever happens."""

    def __init__(self, brokers: Brokers, config: dict[str, Any]) -> None:
        # Here, not above: it takes a tenth of a second, and `ticket` has no need of it.
        from kafka import KafkaProducer

        # kafka-python leaves sockets in reference cycles when it finds no broker; after a night of
        # attempts they would be too many. So it is only made when one listens, and proves its name.
        reach(brokers)
        try:
            self._producer = KafkaProducer(**config)
        except Exception:
            gc.collect()
            raise

    def send(
        self, topic: str, value: bytes, key: bytes, headers: Sequence[Header] = ()
    ) -> Delivery:
        from kafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

        asked_ms = time.monotonic() * 1000
        try:
            sent = self._producer.send(topic, value=value, key=key, headers=list(headers))
            return cast(Delivery, sent)
        except KafkaTimeoutError:
            # The client says the same when nobody answers and when the answer is "no such topic".
            if self._producer._metadata._last_successful_refresh_ms >= asked_ms:
                raise UnknownTopicOrPartitionError(topic) from None
            raise

    def close(self, timeout_s: float) -> None:
        try:
            self._producer.close(timeout=timeout_s)
        except Exception:
            # kafka-python 3.0 leaves its thread running, and sending, when it cannot flush in time.
            sender = self._producer._sender
            sender.force_close()
            sender.join(5)
            gc.collect()  # for the same sockets


def producer_factory(
    settings: EdgeSettings, brokers: Brokers | None = None
) -> Callable[[], Producer]:
    """How to make a producer; each call connects anew, and raises when no broker answers.

    The brokers are those of the settings, unless others are given. Raises InvalidSetting.
    """
    return kafka_producers(
        brokers or settings.brokers, client_id=settings.device, compression=settings.compression
    )


def kafka_producers(
    brokers: Brokers, *, client_id: str, compression: str
) -> Callable[[], Producer]:
    """The same for any program; `compression` is a codec's name or `none`."""
    config: dict[str, Any] = {
        "client_id": client_id,
        "acks": "all",
        # The broker drops what a retry inside one producer sends twice, and keeps its order.
        "enable_idempotence": True,
        "compression_type": None if compression == "none" else compression,
        "linger_ms": 5,
        "batch_size": 64 * 1024,
        "retry_backoff_ms": 200,
        "request_timeout_ms": 10_000,
        "bootstrap_timeout_ms": 5_000,
        "max_block_ms": 5_000,
        # Longer than an attempt: the client never gives up an event while it still sends later ones
        # of its partition, which would let them overtake it.
        "delivery_timeout_ms": int(4 * ATTEMPT_S * 1000),
        "reconnect_backoff_max_ms": 5_000,
        # A kiosk must not create a topic with the broker's defaults: provisioning declares them.
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }

    def connect() -> Producer:
        # Files are read at each connection, so that a changed password needs no restart.
        return _KafkaProducer(brokers, config | brokers.arguments())

    return connect
