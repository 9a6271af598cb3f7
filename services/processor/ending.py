"""Ending a client of Kafka, however little the broker answers."""

from __future__ import annotations

import asyncio
import logging

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.runtime.logs import told

log = logging.getLogger(__name__)

STOP_WAITS_S = 2.0


async def end(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Leave the group, for others to take over at once; a broker that is away is not waited for."""
    # Not `wait_for`: it waits for whatever was cancelled, which a client under way may not notice.
    done, pending = await asyncio.wait({asyncio.ensure_future(client.stop())}, timeout=STOP_WAITS_S)
    for one in pending:
        one.cancel()
    for one in done:
        if error := one.exception():
            log.warning("a client did not end in order", extra={"error": told(error)})
