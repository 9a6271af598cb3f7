"""Behind the answers: delivery from the outbox, and a look every so often for the broker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from services.edge.delivery import backoff_s
from services.edge.emitter import Emitter
from services.edge.outbox import MEBIBYTE
from services.edge.producer import kafka_producers
from services.edge.salvage import sound
from services.gateway.settings import GatewaySettings, OutboxSettings
from services.gateway.waiting import GatewayOutbox
from services.runtime.handshake import CannotLogIn, reach
from services.runtime.settings import InvalidSetting
from services.runtime.traces import Traces

log = logging.getLogger("passage.gateway")

ASK_EVERY_S = 2.0
# One gateway, not a hall of kiosks: it may ask a broker that comes back more often than they.
_LONGEST_BACKOFF_S = 2.0


def open_outbox(settings: OutboxSettings) -> GatewayOutbox:
    """The gateway's outbox; a damaged one is set aside and what can be read of it is saved."""

    def opened() -> GatewayOutbox:
        return GatewayOutbox(
            settings.gateway_outbox,
            max_bytes=int(settings.gateway_outbox_max_mb * MEBIBYTE),
            min_free_bytes=int(settings.gateway_outbox_min_free_mb * MEBIBYTE),
        )

    return sound(settings.gateway_outbox, opened, log)


class Delivering:
    """Delivers in the background until it is stopped."""

    def __init__(
        self,
        settings: GatewaySettings,
        outbox: GatewayOutbox,
        traced: Traces,
        *,
        delivered: Callable[[int], None] = lambda count: None,
        failed: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        """`delivered` hears how many events left the outbox, `failed` why delivery has ended."""
        self._brokers = settings.brokers
        self._outbox = outbox
        self._delivered = delivered
        self._failed = failed
        self._emitter = Emitter(
            outbox,
            kafka_producers(
                self._brokers, client_id="passage-gateway", compression=settings.compression
            ),
            addresses=str(self._brokers),
            topic_prefix=settings.topic_prefix,
            attempt_s=settings.gateway_answer_s,
            backoff=lambda failures, spread: min(_LONGEST_BACKOFF_S, backoff_s(failures, spread)),
            traces=traced,
        )
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._deliver, name="deliver", daemon=True),
            threading.Thread(target=self._ask, name="ask-for-broker", daemon=True),
        ]

    def start(self) -> None:
        """Begin. What an earlier life left in the outbox goes first."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> None:
        """End within about so many seconds; what is not delivered stays in the outbox."""
        self._stop.set()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _deliver(self) -> None:
        try:
            self._emitter.run(self._stop, progress=self._delivered)
        except BaseException as error:
            # Half a gateway would take events for a while and deliver none.
            log.critical("delivery ended: %s", error)
            self._failed(error)

    def _ask(self) -> None:
        # An outage is known before a request has to wait for it.
        while not self._stop.is_set():
            try:
                reach(self._brokers, timeout_s=ASK_EVERY_S)
            except (OSError, CannotLogIn, InvalidSetting):
                self._outbox.report_reachable(False)
            else:
                self._outbox.report_reachable(True)
            self._stop.wait(ASK_EVERY_S)
