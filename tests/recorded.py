"""Simulated days in a database without a broker in between: for tests of what readers see."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from services.core.decisions import RegistryIndex
from services.processor.messages import Message
from services.processor.recording import Recorder
from services.processor.store import Store
from services.runtime.registry import read_registry_async
from services.simulator.messages import as_messages
from services.simulator.simulation import Simulation

_BATCH = 5_000


def record(simulation: Simulation, database: Any) -> None:
    """Record every event as a worker does, each received a second after it happened."""
    messages = [
        Message(m.topic, 0, offset, m.occurred_at + timedelta(seconds=1), m.value)
        for offset, m in enumerate(as_messages(simulation))
    ]

    async def run() -> None:
        store = await Store.connect(database.writer)
        try:
            registry = RegistryIndex((await read_registry_async(store.connection))[1])
            recorder = Recorder()
            for start in range(0, len(messages), _BATCH):
                batch = messages[start : start + _BATCH]
                await recorder.record(
                    batch, store=store, registry=registry, now=batch[-1].received_at
                )
        finally:
            await store.close()

    asyncio.run(run())
