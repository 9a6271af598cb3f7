"""The Kafka producer of a device: slow to give up, exact about order, light on a bad line."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

from services.edge.settings import EdgeSettings
from services.runtime.settings import InvalidSetting

ATTEMPT_S = 15.0
_CONNECT_S = 5.0


class Delivery(Protocol):
    """The broker's answer to one event, when it comes."""

    @property
    def is_done(self) -> bool:
        """True once the broker acknowledged it or the client gave it up."""

    def get(self, timeout: float | None = None) -> Any:
        """Return when it is acknowledged; raise why it is not."""


class Producer(Protocol):
    """The part of a Kafka producer that delivery uses."""

    def send(self, topic: str, value: bytes, key: bytes) -> Delivery:
        """Queue one message; may raise at once."""

    def close(self, timeout_s: float) -> None:
        """Stop within about so many seconds; what is not acknowledged by then is given up."""


class _KafkaProducer:
    """kafka-python's producer, with a close that ends its thread whatever happens."""

    def __init__(self, config: dict[str, Any]) -> None:
        # Here, not above: it takes a tenth of a second, and `ticket` has no need of it.
        from kafka import KafkaProducer

        # kafka-python leaves sockets in reference cycles when it finds no broker; after a night of
        # attempts they would be too many. So it is only made when one listens.
        _require_listener(config["bootstrap_servers"])
        try:
            self._producer = KafkaProducer(**config)
        except Exception:
            gc.collect()
            raise

    def send(self, topic: str, value: bytes, key: bytes) -> Delivery:
        from kafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

        asked_ms = time.monotonic() * 1000
        try:
            return cast(Delivery, self._producer.send(topic, value=value, key=key))
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


def _require_listener(addresses: list[str]) -> None:
    error: OSError | None = None
    for address in addresses:
        host, _, port = address.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
        except OSError as failure:
            error = failure
        else:
            return
    if error is not None:
        raise error


def producer_factory(settings: EdgeSettings) -> Callable[[], Producer]:
    """How to make a producer; each call connects anew, and raises when no broker answers."""
    if settings.kafka is None:
        raise InvalidSetting("PASSAGE_KAFKA is not set; expected host:port[,host:port]")
    config: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.split(","),
        "client_id": settings.device,
        "acks": "all",
        # The broker drops what a retry inside one producer sends twice, and keeps its order.
        "enable_idempotence": True,
        "compression_type": None if settings.compression == "none" else settings.compression,
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
        "security_protocol": settings.kafka_security,
    }
    if settings.kafka_ca_file is not None:
        config["ssl_cafile"] = str(settings.kafka_ca_file)
    sasl = settings.kafka_security.startswith("SASL")
    if sasl and (settings.kafka_username is None or settings.kafka_password_file is None):
        raise InvalidSetting(
            "PASSAGE_KAFKA_USERNAME and PASSAGE_KAFKA_PASSWORD_FILE must be set with "
            f"PASSAGE_KAFKA_SECURITY={settings.kafka_security}"
        )

    def connect() -> Producer:
        if not sasl or settings.kafka_password_file is None:
            return _KafkaProducer(config)
        # Read at each connection, so that a changed password needs no restart.
        password = settings.kafka_password_file.read_text().strip()
        return _KafkaProducer(
            config
            | {
                "sasl_mechanism": settings.kafka_mechanism,
                "sasl_plain_username": settings.kafka_username,
                "sasl_plain_password": password,
            }
        )

    return connect
