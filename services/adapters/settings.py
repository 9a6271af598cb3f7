"""Settings of `passage adapters pull`, from `PASSAGE_…` variables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.edge.settings import Compression, LargestMb, LeftFreeMb, TopicPrefix
from services.runtime.kafka import KafkaSettings


class PullSettings(KafkaSettings):
    """Where it remembers what was taken, and how it reaches the broker."""

    adapters_state: Annotated[
        Path, Field(description="folder of what was taken and of what waits for the broker")
    ] = Path("/var/lib/passage/adapters")
    outbox_max_mb: LargestMb = 256
    outbox_min_free_mb: LeftFreeMb = 64
    topic_prefix: TopicPrefix = ""
    compression: Compression = "gzip"
