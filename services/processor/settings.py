"""Settings of the processor, from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.runtime.database import DatabaseAddress
from services.runtime.kafka import KafkaSettings
from services.runtime.logs import LogSettings
from services.runtime.settings import BrokerAddresses, TopicPrefix
from services.runtime.traces import TraceSettings


class ProcessorSettings(KafkaSettings, TraceSettings, LogSettings):
    """What a worker needs to know."""

    kafka: Annotated[BrokerAddresses, Field(description="host:port[,host:port]")]
    database_writer: DatabaseAddress
    topic_prefix: TopicPrefix = ""
    group: Annotated[str, Field(description="name of the consumer group")] = "passage-processor"
    worker: Annotated[
        str | None,
        Field(description="a name that stays with this worker over restarts, unique in the group"),
    ] = None
    batch_events: Annotated[
        int, Field(ge=1, le=100_000, description="most events in one transaction")
    ] = 10_000
    processor_port: Annotated[
        int | None, Field(ge=1, le=65535, description="port of the worker's own web pages")
    ] = None
