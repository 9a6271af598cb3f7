"""Settings of provisioning, from the environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from services.provision.database import DatabaseUrls
from services.runtime.database import DATABASE_URL
from services.runtime.kafka import KafkaSettings
from services.runtime.settings import SECRET, BrokerAddresses, Settings, TopicPrefix


def _url(text: SecretStr) -> SecretStr:
    if not text.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("it does not begin with postgresql://")
    return text


# Secret, so that no log or traceback shows the password.
DatabaseUrlText = Annotated[
    SecretStr, SECRET, AfterValidator(_url), Field(description=DATABASE_URL)
]


class DatabaseSettings(Settings):
    """Where the database is, and who uses it."""

    database_admin: Annotated[DatabaseUrlText | None, SECRET, Field(description=DATABASE_URL)] = (
        None
    )
    database_owner: DatabaseUrlText
    database_writer: DatabaseUrlText
    database_reader: DatabaseUrlText

    @property
    def urls(self) -> DatabaseUrls:
        return DatabaseUrls(
            owner=self.database_owner.get_secret_value(),
            writer=self.database_writer.get_secret_value(),
            reader=self.database_reader.get_secret_value(),
            admin=self.database_admin.get_secret_value() if self.database_admin else None,
        )


class TopicSettings(KafkaSettings):
    """Where Kafka is, and what the topics there are called."""

    kafka: Annotated[BrokerAddresses, Field(description="host:port[,host:port]")]
    topic_prefix: TopicPrefix = ""
    replication_factor: Annotated[
        int | None, Field(ge=1, le=100, description="how many brokers hold each message")
    ] = None


class RegistrySettings(Settings):
    """Whose tables the registry goes to."""

    database_owner: DatabaseUrlText
