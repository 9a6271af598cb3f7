"""Settings of the dead letter commands, from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.registry import TimeZone
from services.runtime.database import DatabaseAddress
from services.runtime.kafka import KafkaSettings
from services.runtime.settings import BrokerAddresses, Settings, TopicPrefix


class StoreSettings(Settings):
    """Where dead letters are kept, and whose clock people read."""

    database_writer: DatabaseAddress
    time_zone: Annotated[TimeZone, Field(description="a zone such as Europe/Paris")] = (
        "Europe/Paris"
    )


class ReplaySettings(StoreSettings, KafkaSettings):
    """Where they are sent again."""

    kafka: Annotated[BrokerAddresses, Field(description="host:port[,host:port]")]
    topic_prefix: TopicPrefix = ""
