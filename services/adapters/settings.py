"""Settings of `passage adapters pull`, from `PASSAGE_…` variables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from services.runtime.kafka import KafkaSettings


class PullSettings(KafkaSettings):
    """Where it remembers what was taken, and how it reaches the broker."""

    adapters_state: Annotated[
        Path, Field(description="folder of what was taken and of what waits for the broker")
    ] = Path("/var/lib/passage/adapters")
    outbox_max_mb: Annotated[
        float, Field(ge=0.1, le=1_000_000, description="largest size of the outbox in MB")
    ] = 256
    outbox_min_free_mb: Annotated[
        float, Field(ge=0, le=1_000_000, description="disk space in MB that the outbox leaves free")
    ] = 64
    topic_prefix: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9._-]{0,100}$", description="text put before the topics' names"),
    ] = ""
    compression: Annotated[
        Literal["none", "gzip", "lz4", "snappy", "zstd"],
        Field(description="none, gzip, lz4, snappy or zstd"),
    ] = "gzip"
