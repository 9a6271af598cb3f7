"""Delivery over HTTP, through a gateway, where a device cannot reach the broker.

Stands in for the Kafka producer, so all else is as it was: the outbox, the order, the retries. An
event counts as delivered when the gateway says that Kafka has it; one that the gateway merely keeps
stays in the outbox too, and is sent again.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from services.edge.producer import Header, Producer
from services.edge.settings import EdgeSettings
from services.runtime.settings import InvalidSetting

# Below the limits that a gateway has by default.
BATCH_EVENTS = 500
BATCH_BYTES = 256 * 1024
TIMEOUT_S = 8.0
# A gateway closes a connection that was not used for a while, and that shows too late.
_IDLE_S = 2.0
_LARGEST_ANSWER = 4 * 1024 * 1024


class GatewayRefused(Exception):
    """The gateway will never take this event; the message says why."""


class GatewayMisconfigured(Exception):
    """A person must change something; the message says what."""


class GatewayTooBusy(Exception):
    """The gateway sends everybody away for the moment."""


class BrokerAwayBehindGateway(Exception):
    """The gateway answers, and has not been able to hand the event on."""


class _Batch:
    """Events that go, or went, in one request."""

    def __init__(self, send: Callable[[list[bytes]], list[Exception | None]]) -> None:
        self.events: list[bytes] = []
        self.size_bytes = 0
        self._send = send
        self._problems: list[Exception | None] | None = None

    @property
    def is_sent(self) -> bool:
        return self._problems is not None

    def problem(self, index: int) -> Exception | None:
        """What the gateway said of one event; sends the batch if nobody asked before."""
        if self._problems is None:
            try:
                self._problems = self._send(self.events)
            except Exception as error:
                self._problems = [error] * len(self.events)
        return self._problems[index]

    def add(self, event: bytes) -> _Answer:
        self.events.append(event)
        self.size_bytes += len(event) + 1
        return _Answer(self, len(self.events) - 1)


class _Answer:
    """The gateway's answer to one event; the first that is asked for sends them all."""

    def __init__(self, batch: _Batch, index: int) -> None:
        self._batch = batch
        self._index = index

    @property
    def is_done(self) -> bool:
        return self._batch.is_sent

    def get(self, timeout: float | None = None) -> None:
        """Return when Kafka has it; raise why it has not. May take TIMEOUT_S, whatever is asked."""
        problem = self._batch.problem(self._index)
        if problem is not None:
            raise problem


class GatewayProducer:
    """Sends events to a gateway, many in one request."""

    def __init__(self, url: str, token: str, context: ssl.SSLContext | None) -> None:
        """Connects. Raises GatewayMisconfigured, and OSError when nobody answers."""
        self._url = url
        parts = urlsplit(url)
        self._path = f"{parts.path.rstrip('/')}/v1/events"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-ndjson",
        }
        host, port = parts.hostname or "", parts.port
        self._connection = (
            HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
            if parts.scheme == "https"
            else HTTPConnection(host, port, timeout=TIMEOUT_S)
        )
        self._used_s = time.monotonic()
        self._batch = _Batch(self._post)
        try:
            self._connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise GatewayMisconfigured(
                f"the certificate of {url} is not valid ({error.verify_message}). Remedy: correct "
                "PASSAGE_GATEWAY_CA_FILE, or that certificate"
            ) from None
        except socket.gaierror:
            raise GatewayMisconfigured(
                f"{host} has no address. Remedy: correct PASSAGE_GATEWAY, unless the network is "
                "down"
            ) from None

    def send(self, topic: str, value: bytes, key: bytes, headers: Sequence[Header] = ()) -> _Answer:
        """Queue one event. The gateway knows by itself which topic and key it has."""
        full = (
            len(self._batch.events) >= BATCH_EVENTS
            or self._batch.size_bytes + len(value) > BATCH_BYTES
        )
        if self._batch.is_sent or full:
            self._batch = _Batch(self._post)
        return self._batch.add(value)

    def close(self, timeout_s: float) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _post(self, events: list[bytes]) -> list[Exception | None]:
        if time.monotonic() - self._used_s > _IDLE_S:
            self._connection.close()  # the next request opens it again
        try:
            self._connection.request("POST", self._path, b"\n".join(events), self._headers)
            response = self._connection.getresponse()
            content = response.read(_LARGEST_ANSWER)
        except HTTPException as error:
            self._connection.close()
            raise ConnectionError(type(error).__name__) from None
        self._used_s = time.monotonic()
        told = _results(content)
        if len(told) != len(events):
            raise _problem(self._url, response)
        return [_problem_of(result) for result in told]


def _results(content: bytes) -> list[dict[str, Any]]:
    try:
        results = json.loads(content)["results"]
    except (ValueError, KeyError, TypeError):
        return []
    return results if isinstance(results, list) else []


def _problem_of(result: dict[str, Any]) -> Exception | None:
    """What stands between an event and Kafka."""
    match result.get("result"):
        case "accepted" | "duplicate":
            return None
        case "refused" if result.get("reason") == "forbidden":
            return GatewayMisconfigured(
                f"the gateway's token does not speak for this {result.get('field')}. Remedy: "
                "`passage gateway token create` for this device, and PASSAGE_GATEWAY_TOKEN_FILE"
            )
        case "refused":
            why = [f"{result[name]}" for name in ("reason", "field", "detail") if name in result]
            return GatewayRefused(f"refused by the gateway: {', '.join(why)}")
        case _:
            return BrokerAwayBehindGateway()


def _problem(url: str, response: HTTPResponse) -> Exception:
    """What an answer without results means for all that was sent."""
    match response.status:
        case 401:
            return GatewayMisconfigured(
                f"{url} does not know this device's token. Remedy: correct the file that "
                "PASSAGE_GATEWAY_TOKEN_FILE names"
            )
        case 413:
            return GatewayMisconfigured(
                f"{url} takes less at once than is usual. Remedy: raise PASSAGE_GATEWAY_MAX_BODY_KB"
                " and PASSAGE_GATEWAY_MAX_EVENTS there"
            )
        case 408 | 429 | 500 | 502 | 503 | 504:
            return GatewayTooBusy(f"status {response.status}")
        case _:
            return GatewayMisconfigured(
                f"{url} answers like no gateway (status {response.status}). Remedy: correct "
                "PASSAGE_GATEWAY"
            )


def gateway_producers(settings: EdgeSettings) -> Callable[[], Producer]:
    """How to make a producer; each call connects anew. Raises InvalidSetting."""
    url, file = settings.gateway, settings.gateway_token_file
    if url is None or file is None:
        raise InvalidSetting("PASSAGE_GATEWAY and PASSAGE_GATEWAY_TOKEN_FILE must be set together")

    def connect() -> Producer:
        # Files are read at each connection, so that a rotated token needs no restart.
        try:
            token = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no token"
            raise InvalidSetting(
                f"PASSAGE_GATEWAY_TOKEN_FILE cannot be read ({file}: {reason})"
            ) from None
        if not token.isprintable() or not token:
            raise InvalidSetting(f"PASSAGE_GATEWAY_TOKEN_FILE holds no token: {file}")
        return GatewayProducer(url, token, _context(settings))

    return connect


def _context(settings: EdgeSettings) -> ssl.SSLContext | None:
    if not (settings.gateway or "").startswith("https"):
        return None
    try:
        return ssl.create_default_context(cafile=settings.gateway_ca_file)
    except OSError as error:
        raise InvalidSetting(
            f"PASSAGE_GATEWAY_CA_FILE cannot be read ({settings.gateway_ca_file}: "
            f"{error.strerror or 'it is no certificate'})"
        ) from None
