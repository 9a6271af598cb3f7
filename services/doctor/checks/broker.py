"""Kafka: whether it answers, and whether its topics are those of the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient, errors

from services.doctor.deployment import Deployment
from services.doctor.findings import CannotTell, Finding, problem
from services.doctor.rules.contracts import judge_dry_run
from services.doctor.rules.programs import judge_kafka
from services.provision import topics as provision_topics
from services.provision.errors import ProvisionError
from services.runtime.handshake import CannotLogIn, explain, reach


class BrokerAway(Exception):
    """Kafka does not answer; the message says why, and what to do."""


def kafka(deployment: Deployment) -> list[Finding]:
    """Whether a broker answers, how many there are, and their version."""
    try:
        with admin(deployment) as client:
            cluster = client.describe_cluster()["brokers"]
            data = client.get_broker_version_data(cluster[0]["broker_id"])
            return [judge_kafka(len(cluster), getattr(data, "broker_version", None))]
    except BrokerAway as error:
        sentence, _, remedy = str(error).partition("; ")
        return [problem(sentence, remedy)]


def topics(deployment: Deployment) -> list[Finding]:
    """What `passage provision topics` would do."""
    with admin(deployment):
        # It answers: provisioning will not wait for it.
        pass
    told: list[str] = []
    try:
        changes = provision_topics.apply(
            deployment.kafka,
            deployment.settings.topic_prefix,
            told.append,
            replication=deployment.settings.replication_factor,
            dry_run=True,
        )
    except ProvisionError as error:
        return [problem(str(error), "mend this, then `passage provision topics`")]
    remarks = [sentence for sentence in told if sentence not in changes]
    return judge_dry_run("topics", changes, remarks, "run `passage provision topics`")


@contextmanager
def admin(deployment: Deployment) -> Iterator[KafkaAdminClient]:
    """A client for questions. Raises BrokerAway, or CannotTell without an address."""
    brokers = deployment.kafka
    try:
        reach(brokers, deployment.patience_s)
        client = KafkaAdminClient(
            **brokers.arguments(),
            client_id="passage-doctor",
            bootstrap_timeout_ms=int(deployment.patience_s * 600),
            request_timeout_ms=int(deployment.patience_s * 1000),
        )
    except (errors.KafkaError, CannotLogIn, OSError) as error:
        raise BrokerAway(
            explain(brokers, error)
            or f"Kafka does not answer on {brokers}; start it, or correct PASSAGE_KAFKA"
        ) from error
    try:
        yield client
    except errors.KafkaError as error:
        raise CannotTell(
            explain(brokers, error) or f"Kafka on {brokers} refuses: {error}"
        ) from error
    finally:
        client.close()
