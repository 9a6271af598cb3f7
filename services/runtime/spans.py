"""Spans by OpenTelemetry, sent to a collector by OTLP over HTTP. Needs the extra `traces`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.events import DeviceEvent, DeviceStarted, Heartbeat, VisitEvent
from services.runtime.logs import told
from services.runtime.traces import TRACEPARENT, Headers

MOST_LINKS = 50
"""Events of one batch that are told of; enough to find it by any hall's event."""
STOP_WAITS_S = 2.0
_ATTEMPT_S = 2.0

_W3C = TraceContextTextMapPropagator()


class SendingSpans:
    """An event since it happened, and within that its way to the broker."""

    def __init__(self, event: Span, delivery: Span) -> None:
        self._event = event
        self._delivery = delivery

    @property
    def headers(self) -> Headers:
        """The delivery's `traceparent`."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, set_span_in_context(self._delivery))
        return [(TRACEPARENT, carrier[TRACEPARENT].encode())]

    def end(self, problem: str | None = None) -> None:
        """The broker has it, or a problem stood in the way."""
        for span in (self._delivery, self._event):
            if problem is not None:
                span.set_status(Status(StatusCode.ERROR, problem))
            span.end()


class Spans:
    """Spans of one service."""

    def __init__(self, endpoint: str, ratio: float, service: str) -> None:
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=Resource.create(
                {"service.name": f"passage-{service}", "service.version": version("passage")}
            ),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(_traces_url(endpoint), timeout=_ATTEMPT_S)
        # In a thread of its own, and of a bounded queue: a collector that is away costs spans.
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self._tracer = self._provider.get_tracer("passage")

    def sending(self, event: VisitEvent | DeviceEvent) -> SendingSpans | None:
        """An event that is sent now; signs of life, and what was not sampled, are None."""
        if isinstance(event, Heartbeat | DeviceStarted):
            return None
        happened = self._tracer.start_span(
            event.type,
            context=Context(),
            kind=SpanKind.PRODUCER,
            start_time=_happened_ns(event),
            attributes={
                "passage.event_id": str(event.event_id),
                "passage.site": event.site,
                "passage.device": event.source,
            },
        )
        if not happened.is_recording():
            return None
        delivery = self._tracer.start_span("deliver", context=set_span_in_context(happened))
        return SendingSpans(happened, delivery)

    def carried(self, headers: Iterable[Headers]) -> list[bytes]:
        """The `traceparent` of each message that has one."""
        return [value for of_one in headers for name, value in of_one if name == TRACEPARENT]

    @contextmanager
    def batch(self, carried: Sequence[bytes], messages: int) -> Iterator[None]:
        """A span of the batch, linked to its events; each of them gets one of its own when done.

        The batch goes on with the first event's trace: in a quiet hall there is one, from device to
        row.
        """
        events = [one for value in carried[:MOST_LINKS] if (one := _context(value)) is not None]
        began_ns = time.time_ns()
        first = set_span_in_context(NonRecordingSpan(events[0])) if events else Context()
        batch = self._tracer.start_span(
            "record batch",
            context=first,
            kind=SpanKind.CONSUMER,
            links=[Link(one) for one in events],
            attributes={"messaging.batch.message_count": messages},
        )
        with self._current(batch):
            yield
        for one in events:
            self._tracer.start_span(
                "record event",
                context=set_span_in_context(NonRecordingSpan(one)),
                kind=SpanKind.CONSUMER,
                links=[Link(batch.get_span_context())],
                start_time=began_ns,
            ).end()

    @contextmanager
    def span(self, name: str, **attributes: int | str) -> Iterator[None]:
        """A span within the one that is open."""
        with self._current(self._tracer.start_span(name, attributes=attributes)):
            yield

    def stop(self) -> None:
        """Send what was not sent yet; a collector that is away is not waited for."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(STOP_WAITS_S)

    @contextmanager
    def _current(self, span: Span) -> Iterator[None]:
        # Not recorded by the library: an error's own words may quote what it met.
        with use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            try:
                yield
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, told(error)))
                raise


def _traces_url(endpoint: str) -> str:
    has_path = urlsplit(endpoint).path.strip("/")
    return endpoint if has_path else f"{endpoint.rstrip('/')}/v1/traces"


def _happened_ns(event: VisitEvent | DeviceEvent) -> int | None:
    """When it happened; None, which is now, where the device did not know the time."""
    if event.clock.synced and event.occurred_at <= datetime.now(UTC):
        return int(event.occurred_at.timestamp() * 1e9)
    return None


def _context(traceparent: bytes) -> SpanContext | None:
    text = traceparent.decode("ascii", errors="replace")
    found = get_current_span(_W3C.extract({TRACEPARENT: text}, Context())).get_span_context()
    return found if found.is_valid and found.trace_flags.sampled else None
