"""Settings of the live service, from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.runtime.kafka import KafkaSettings
from services.runtime.logs import LogSettings
from services.runtime.settings import BrokerAddresses, TopicPrefix


class LiveSettings(KafkaSettings, LogSettings):
    """What a live service needs to know."""

    kafka: Annotated[BrokerAddresses, Field(description="host:port[,host:port]")]
    topic_prefix: TopicPrefix = ""
    live_host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    live_port: Annotated[int, Field(ge=1, le=65535, description="port to listen on")] = 6067
    live_silent_after_s: Annotated[
        int, Field(ge=1, le=86_400, description="seconds without a sign of life in open hours")
    ] = 180
    live_cors_origins: Annotated[
        str,
        Field(
            description="origins of pages that may read this, comma-separated, or *",
            pattern=r"^(\*|(https?://[^\s,/]+(\s*,\s*https?://[^\s,/]+)*)?)$",
        ),
    ] = ""

    @property
    def origins(self) -> frozenset[str]:
        """The origins of `live_cors_origins`."""
        return frozenset(origin.strip() for origin in self.live_cors_origins.split(",")) - {""}
