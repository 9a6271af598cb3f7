"""Where the simulated devices deliver."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.runtime.kafka import KafkaSettings
from services.runtime.settings import BrokerAddresses


class SimulatorSettings(KafkaSettings):
    """The brokers, and the topics' prefix."""

    kafka: Annotated[BrokerAddresses, Field(description="host:port[,host:port] of the brokers")]
    topic_prefix: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9._-]{0,100}$", description="text put before the topics' names"),
    ] = ""
