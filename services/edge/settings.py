"""Settings of a device, from `PASSAGE_…` variables."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from schemas.types import Code, Mode
from services.runtime.kafka import KafkaSettings
from services.runtime.logs import LogSettings
from services.runtime.traces import TraceSettings


def _time_zone(name: str) -> str:
    # The registry's own type would do, but building the registry's models delays every command.
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone") from None
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]


LargestMb = Annotated[
    float, Field(ge=0.1, le=1_000_000, description="largest size of the outbox in MB")
]
LeftFreeMb = Annotated[
    float, Field(ge=0, le=1_000_000, description="disk space in MB that the outbox leaves free")
]
TopicPrefix = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$", description="text put before the topics' names")
]
Compression = Annotated[
    Literal["none", "gzip", "lz4", "snappy", "zstd"],
    Field(description="none, gzip, lz4, snappy or zstd"),
]


class EdgeSettings(KafkaSettings, TraceSettings, LogSettings):
    """Who this device is, where its outbox is, and how it reaches the broker."""

    device: Annotated[Code, Field(description="this device's code in the registry, e.g. k1")]
    site: Annotated[Code, Field(description="the site's code in the registry, e.g. creteil")]
    mode: Annotated[Mode, Field(description="live, or test for training")] = "live"
    time_zone: Annotated[TimeZone, Field(description="the site's time zone, e.g. Europe/Paris")] = (
        "Europe/Paris"
    )
    business_day_starts: Annotated[
        time, Field(description="the local hour at which tickets start again, e.g. 04:00")
    ] = time(4, 0)

    outbox: Annotated[Path, Field(description="path of the outbox's file")] = Path(
        "/var/lib/passage/outbox.db"
    )
    outbox_max_mb: LargestMb = 256
    outbox_min_free_mb: LeftFreeMb = 64
    day_keys: Annotated[
        Path, Field(description="folder of the key of the day, for appointments")
    ] = Path("/var/lib/passage/day-keys")
    heartbeat_s: Annotated[
        float, Field(ge=1, le=1000, description="seconds between two heartbeats, 1 to 1000")
    ] = 30

    topic_prefix: TopicPrefix = ""
    compression: Compression = "gzip"
    gateway: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s/@]+(/\S*)?$",
            description="URL of a gateway to deliver through instead, e.g. https://passage.example",
        ),
    ] = None
    gateway_token_file: Annotated[
        Path | None, Field(description="file that holds this device's token at the gateway")
    ] = None
    gateway_ca_file: Annotated[
        Path | None,
        Field(description="file of the authority that signed the gateway's certificate"),
    ] = None
    metrics_port: Annotated[
        int | None, Field(ge=1, le=65535, description="port of /metrics for `passage edge run`")
    ] = None
    metrics_host: Annotated[str, Field(description="address of that port")] = "127.0.0.1"
