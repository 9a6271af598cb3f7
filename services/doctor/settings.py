"""Settings of the doctor: those of the deployment it looks at, as far as they are set."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.provision.settings import DatabaseUrlText
from services.runtime.database import DATABASE_URL
from services.runtime.kafka import KafkaSettings
from services.runtime.settings import SECRET, TopicPrefix

_Url = Annotated[DatabaseUrlText | None, SECRET, Field(description=DATABASE_URL)]


class DoctorSettings(KafkaSettings):
    """All may be absent: what cannot be looked at is skipped."""

    database_admin: _Url = None
    database_owner: _Url = None
    database_writer: _Url = None
    database_reader: _Url = None
    topic_prefix: TopicPrefix = ""
    replication_factor: Annotated[
        int | None, Field(ge=1, le=100, description="how many brokers hold each message")
    ] = None
