"""Commands that deliver: `run`, for ever with heartbeats, and `deliver`, once."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import click

from services.edge.command import failures_explained, make_device, open_outbox, read_settings
from services.edge.command_day_key import today
from services.edge.day_key import DayKeys
from services.edge.delivery_lock import DeliveryLock
from services.edge.emitter import Emitter
from services.edge.errors import EdgeError
from services.edge.heartbeat import beat
from services.edge.outbox import Outbox
from services.edge.producer import Producer, producer_factory
from services.edge.salvage import sound
from services.edge.settings import EdgeSettings
from services.runtime import logs, traces
from services.runtime.settings import InvalidSetting
from services.runtime.traces import Traces

log = logging.getLogger("passage.edge")

# What a stop may take: answers under way, then the producer's end. Events are safe in any case.
_STOP_S = 7.0
_BAR_AFTER_S = 2.0


@click.command()
def run() -> None:
    """Deliver for ever and send heartbeats; SIGTERM or Ctrl-C ends it within seconds.

    A damaged outbox is set aside at the start and what can be read of it is delivered; `status`
    tells. See docs/kiosk.md for the systemd unit.
    """
    stop = _stop_on_signals()
    with failures_explained(), ExitStack() as ending:
        settings = read_settings()
        sent = traces.start(settings, "edge")
        ending.enter_context(traces.stopping(sent))
        emitter_of = _emitter_maker(settings, sent)
        _log_lines(settings)
        with DeliveryLock(settings.outbox):
            # Held only to say who holds it before anything is recorded; delivery takes it again.
            pass
        outbox = sound(settings.outbox, lambda: open_outbox(settings), log)
        device = make_device(settings, outbox)
        try:
            device.started()
        except EdgeError as error:
            log.error("start not recorded: %s", error)
        log.info(
            "delivering to %s; %d events wait", settings.gateway or settings.kafka, outbox.depth()
        )
        emitter = emitter_of(outbox)
        delivered = _counted(settings, outbox)
        ended: list[BaseException] = []
        threads = [
            _start(lambda: emitter.run(stop, progress=delivered), stop, ended),
            _start(lambda: beat(device, stop, interval_s=settings.heartbeat_s), stop, ended),
        ]
        keys = DayKeys(settings.day_keys)
        while not stop.wait(1.0):
            # Also on a device that hashes nothing today.
            keys.destroy_before(today(settings))
        deadline = time.monotonic() + _STOP_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if ended:
            raise ended[0]
        log.info("stopped; %d events wait", outbox.depth())
        outbox.close()


@click.command()
@click.option("--timeout", "timeout_s", type=float, help="Give up after so many seconds.")
def deliver(timeout_s: float | None) -> None:
    """Deliver what waits, then end; exit 1 when something is left.

    \b
    Example:
      passage edge deliver --timeout 30
    """
    _log_sentences()
    stop = _stop_on_signals()
    with failures_explained(), ExitStack() as ending:
        settings = read_settings()
        outbox = open_outbox(settings)
        sent = traces.start(settings, "edge")
        ending.enter_context(traces.stopping(sent))
        emitter = _emitter_maker(settings, sent)(outbox)
        if timeout_s is not None:
            timer = threading.Timer(timeout_s, stop.set)
            timer.daemon = True
            timer.start()
        progress = _Progress(outbox.depth())
        try:
            emitter.run(stop, until_empty=True, progress=progress)
        finally:
            progress.close()
        status = outbox.status()
        outbox.close()
    click.echo(f"{progress.delivered} delivered, {status.depth} wait, {status.refused} refused")
    if status.depth:
        raise click.ClickException(
            f"{status.depth} events wait still: {status.problem or 'stopped before the end'}"
        )
    if status.refused:
        raise click.ClickException("see `passage edge refused list`")


class _Progress:
    """A progress bar, on a terminal, when it takes long enough to be looked at."""

    def __init__(self, total: int) -> None:
        self.delivered = 0
        self._total = total
        self._started = time.monotonic()
        self._bar: Any = None

    def __call__(self, delivered: int) -> None:
        self.delivered += delivered
        if self._bar is not None:
            self._bar.update(delivered)
        elif sys.stderr.isatty() and time.monotonic() - self._started > _BAR_AFTER_S:
            self._bar = click.progressbar(length=self._total, label="events", file=sys.stderr)
            self._bar.__enter__()
            self._bar.update(self.delivered)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)


def _emitter_maker(settings: EdgeSettings, traced: Traces) -> Callable[[Outbox], Emitter]:
    connect = _connection_maker(settings)
    return lambda outbox: Emitter(
        outbox,
        connect,
        addresses=settings.gateway or settings.kafka or "",
        topic_prefix=settings.topic_prefix,
        traces=traced,
    )


def _connection_maker(settings: EdgeSettings) -> Callable[[], Producer]:
    if settings.gateway is None:
        return producer_factory(settings)
    # Here, not above: most devices reach the broker, and need no HTTP.
    from services.edge.gateway import gateway_producers

    return gateway_producers(settings)


def _start(
    work: Callable[[], None], stop: threading.Event, ended: list[BaseException]
) -> threading.Thread:
    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            # Half a program looks alive and does half the work: end all of it, and be restarted.
            ended.append(error)
        finally:
            stop.set()

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    return thread


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _counted(settings: EdgeSettings, outbox: Outbox) -> Callable[[int], None]:
    """What hears of deliveries: the metrics, where a setting asks for them."""
    if settings.metrics_port is None:
        return lambda delivered: None
    try:
        from services.edge.metrics import EdgeMetrics
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"PASSAGE_METRICS_PORT is set and needs {error.name}: pip install 'passage[metrics]'"
        ) from None
    metrics = EdgeMetrics(outbox)
    metrics.serve(settings.metrics_host, settings.metrics_port)
    return metrics.delivered


def _log_lines(settings: EdgeSettings) -> None:
    logs.configure(sys.stderr, settings.log_level, "edge")
    _without_the_clients_own()


def _log_sentences() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    _without_the_clients_own()


def _without_the_clients_own() -> None:
    # The client logs every attempt of an outage; the emitter says it once, with the remedy.
    logging.getLogger("kafka").setLevel(logging.CRITICAL + 1)
