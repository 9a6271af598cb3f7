"""Settings of the gateway, from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.edge.settings import Compression, LargestMb, LeftFreeMb, TopicPrefix
from services.runtime.kafka import KafkaSettings
from services.runtime.logs import LogSettings
from services.runtime.settings import BrokerAddresses, Settings
from services.runtime.traces import TraceSettings


class TokenSettings(Settings):
    """Where the tokens are."""

    gateway_tokens: Annotated[Path, Field(description="file of the tokens' digests")] = Path(
        "/var/lib/passage/gateway/tokens.json"
    )


class OutboxSettings(Settings):
    """Where events wait for the broker, and how many may."""

    gateway_outbox: Annotated[Path, Field(description="path of the outbox's file")] = Path(
        "/var/lib/passage/gateway/outbox.db"
    )
    gateway_outbox_max_mb: LargestMb = 256
    gateway_outbox_min_free_mb: LeftFreeMb = 64


class GatewaySettings(TokenSettings, OutboxSettings, KafkaSettings, TraceSettings, LogSettings):
    """Where it listens, what it takes at once, and how it reaches the broker."""

    kafka: Annotated[BrokerAddresses, Field(description="host:port[,host:port]")]
    topic_prefix: TopicPrefix = ""
    compression: Compression = "lz4"
    gateway_host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    gateway_port: Annotated[int, Field(ge=1, le=65535, description="port to listen on")] = 6068
    gateway_hooks: Annotated[
        Path | None, Field(description="folder of vendors' mappings and of the secrets of each")
    ] = None
    gateway_max_body_kb: Annotated[
        int, Field(ge=1, le=65_536, description="largest body of a request in KB of 1024 bytes")
    ] = 1024
    gateway_max_events: Annotated[
        int, Field(ge=1, le=100_000, description="most events of a request")
    ] = 1000
    gateway_max_requests: Annotated[
        int, Field(ge=1, le=10_000, description="most requests that are worked on at one time")
    ] = 64
    gateway_requests_per_minute: Annotated[
        int, Field(ge=1, le=1_000_000, description="requests a minute of one token")
    ] = 1200
    gateway_answer_s: Annotated[
        float, Field(ge=0.1, le=6, description="seconds that a request waits for the broker")
    ] = 4
    gateway_body_s: Annotated[
        float, Field(ge=0.1, le=300, description="seconds in which a body must have arrived")
    ] = 20
