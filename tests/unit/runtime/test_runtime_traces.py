"""Traces: nothing without the setting, a sentence without the extra, W3C on the wire."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from schemas.codec import decode
from schemas.events import TicketIssued
from services.runtime import traces
from services.runtime.settings import InvalidSetting
from services.runtime.traces import OFF, Traces, TraceSettings
from tests.events import ticket
from tests.otlp_receiver import Receiver, receiving


def issued(**changes: Any) -> TicketIssued:
    event = decode(json.dumps(ticket(**changes)).encode())
    assert isinstance(event, TicketIssued)
    return event


def started(receiver: Receiver, ratio: float = 1.0) -> Traces:
    return traces.start(TraceSettings(traces=receiver.url, traces_ratio=ratio), "edge")


def test_without_the_setting_nothing_is_imported_nor_done() -> None:
    script = (
        "import sys; from services.runtime.traces import TraceSettings, start;"
        "import services.processor.app, services.edge.command_run;"
        "assert start(TraceSettings(), 'edge').sending(None) is None;"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    assert OFF.carried([[("traceparent", b"00-x")]]) == []


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "services.runtime.spans", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InvalidSetting, match=r"pip install 'passage\[traces\]'"):
        traces.start(TraceSettings(traces="http://127.0.0.1:1"), "edge")


@pytest.mark.parametrize("url", ["collector:4318", "ftp://x", "http://user:secret@collector"])
def test_a_wrong_url_is_named_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSetting, match="PASSAGE_TRACES is wrong") as refused:
        TraceSettings.from_environ({"PASSAGE_TRACES": url})
    assert "secret" not in str(refused.value)


def test_a_sent_event_is_two_spans_and_a_header() -> None:
    event = issued()
    with receiving() as receiver:
        sent = started(receiver)
        sending = sent.sending(event)
        assert sending is not None
        [(name, value)] = sending.headers
        sending.end()
        sent.stop()
    happened, delivery = sorted(receiver.spans, key=lambda span: bool(span.parent_id))
    assert name == "traceparent"
    assert value[:-2] == f"00-{delivery.trace_id}-{delivery.span_id}-".encode()
    assert int(value[-2:], 16) & 1  # sampled
    assert (happened.name, delivery.name) == ("ticket_issued", "deliver")
    assert delivery.parent_id == happened.span_id
    assert happened.began_s == pytest.approx(event.occurred_at.timestamp())
    assert happened.attributes["passage.event_id"] == str(event.event_id)
    assert happened.service == "passage-edge"


def test_a_device_that_does_not_know_the_time_is_believed_in_nothing() -> None:
    with receiving() as receiver:
        sent = started(receiver)
        sending = sent.sending(issued(occurred_at="2000-01-01T00:00:00Z", clock={"synced": False}))
        assert sending is not None
        sending.end()
        sent.stop()
    assert all(time.time() - span.began_s < 600 for span in receiver.spans)


def test_of_none_sampled_there_is_no_header_and_no_span() -> None:
    with receiving() as receiver:
        sent = started(receiver, ratio=0.0)
        assert sent.sending(issued()) is None
        with sent.batch([], 3), sent.span("database transaction"):
            pass
        sent.stop()
    assert receiver.spans == []


@pytest.mark.parametrize("value", [b"", b"\xff", b"00-0-0-01", b"00-" + b"0" * 32])
def test_a_header_that_is_no_context_is_passed_over(value: bytes) -> None:
    with receiving() as receiver:
        sent = started(receiver)
        with sent.batch(sent.carried([[("traceparent", value)]]), 1):
            pass
        sent.stop()
    [batch] = receiver.spans
    assert (batch.parent_id, batch.links) == ("", ())


def test_a_batch_that_fails_has_no_recorded_event_and_no_words_of_its_error() -> None:
    with receiving() as receiver:
        sent = started(receiver)
        carried = [f"00-{'a' * 32}-{'b' * 16}-01".encode()]
        with pytest.raises(ValueError, match="Dupont"), sent.batch(carried, 1):
            raise ValueError("Camille Dupont")
        sent.stop()
    [batch] = receiver.spans
    assert (batch.trace_id, batch.parent_id, batch.links) == ("a" * 32, "b" * 16, ("b" * 16,))
    assert "Dupont" not in repr(receiver.spans)


def test_a_collector_that_is_away_holds_nothing_up() -> None:
    running = set(threading.enumerate())
    sent = traces.start(TraceSettings(traces="http://127.0.0.1:1"), "edge")
    event = issued()
    for _ in range(600):
        sending = sent.sending(event)
        assert sending is not None
        sending.end()
    began_s = time.monotonic()
    sent.stop()
    assert time.monotonic() - began_s < 10
    # What goes on behind it draws random numbers, which another test would be blamed for.
    for thread in set(threading.enumerate()) - running:
        thread.join(timeout=60)
        assert not thread.is_alive()
