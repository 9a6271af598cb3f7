"""`passage provision topics`: what the broker has becomes what `schemas/topics.py` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from kafka import KafkaAdminClient, errors
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.topics import Topic, all_topics
from services.provision.errors import ProvisionError
from services.provision.report import Changes, Report, silent
from services.runtime.handshake import CannotLogIn, explain, reach
from services.runtime.kafka import Brokers

_BOOTSTRAP_TIMEOUT_MS = 10_000
_REPLICAS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the broker has it; `config` holds only what was set for this topic."""

    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Create:
    """Make a topic that is missing."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]

    def __str__(self) -> str:
        settings = ", ".join(f"{key}={value}" for key, value in sorted(self.config.items()))
        return (
            f"make topic {self.name} with {self.partitions} partitions × {self.replication} "
            f"replicas, {settings}"
        )


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """Raise a topic's number of partitions."""

    name: str
    found: int
    wanted: int

    def __str__(self) -> str:
        return (
            f"raise topic {self.name} from {self.found} to {self.wanted} partitions: newer "
            "messages of a key may go to another partition than its older ones"
        )


@dataclass(frozen=True, slots=True)
class Configure:
    """Set some of a topic's settings; those that are not named stay."""

    name: str
    found: Mapping[str, str]
    wanted: Mapping[str, str]

    def __str__(self) -> str:
        settings = (
            f"{key} from {self.found.get(key, 'the default')} to {value}"
            for key, value in sorted(self.wanted.items())
        )
        return f"set on topic {self.name} {', '.join(settings)}"


@dataclass(frozen=True, slots=True)
class Remark:
    """A difference that is left alone."""

    sentence: str

    def __str__(self) -> str:
        return self.sentence


Step = Create | AddPartitions | Configure | Remark


def difference(
    wanted: Iterable[Topic], found: Mapping[str, Found], *, prefix: str, replication: int
) -> list[Step]:
    """The steps from what the broker has to what is wanted."""
    steps: list[Step] = []
    for topic in wanted:
        name = prefix + topic.name
        config = topic.config
        if replication >= _REPLICAS:
            # With acks=all alone, a message would count as written when its last replica has it.
            config["min.insync.replicas"] = str(replication - 1)
        if name not in found:
            steps.append(Create(name, topic.partitions, replication, config))
            continue
        present = found[name]
        if present.partitions < topic.partitions:
            steps.append(AddPartitions(name, present.partitions, topic.partitions))
        elif present.partitions > topic.partitions:
            steps.append(
                Remark(
                    f"topic {name} keeps its {present.partitions} partitions: "
                    f"{topic.partitions} are wanted, but Kafka cannot take any away"
                )
            )
        if present.replication != replication:
            steps.append(
                Remark(
                    f"topic {name} keeps its {present.replication} replicas: {replication} are "
                    "wanted; move it with kafka-reassign-partitions.sh"
                )
            )
        if other := {k: v for k, v in config.items() if present.config.get(k) != v}:
            steps.append(Configure(name, present.config, other))
    return steps


def apply(
    kafka: Brokers | str,
    prefix: str = "",
    report: Report = silent,
    *,
    replication: int | None = None,
    dry_run: bool = False,
) -> list[str]:
    """Make the broker's topics match the contracts; returns the changes, none when they did.

    `prefix` begins every name. Without `replication`, each partition has three replicas, or as many
    as there are brokers. Returns when the new topics have leaders. Raises ProvisionError.
    """
    changes = Changes(report)
    with _admin(kafka) as admin:
        brokers = len(admin.describe_cluster()["brokers"])
        if replication is not None and replication > brokers:
            raise ProvisionError(
                f"PASSAGE_REPLICATION_FACTOR is {replication}, but {kafka} has {brokers} brokers; "
                "lower it or start more"
            )
        wanted = list(all_topics())
        found = _find(admin, {prefix + topic.name for topic in wanted})
        steps = difference(
            wanted, found, prefix=prefix, replication=replication or min(_REPLICAS, brokers)
        )
        for step in steps:
            if isinstance(step, Remark):
                changes.remark(str(step))
                continue
            if not dry_run:
                _take(admin, step)
            changes.add(f"would {step}" if dry_run else str(step))
        created = [step.name for step in steps if isinstance(step, Create)]
        if created and not dry_run:
            admin.wait_for_topics(created)
    return changes.made


def _take(admin: KafkaAdminClient, step: Create | AddPartitions | Configure) -> None:
    match step:
        case Create():
            options = {
                "num_partitions": step.partitions,
                "replication_factor": step.replication,
                "configs": dict(step.config),
            }
            # Another run may have made it meanwhile; the next one aligns its settings.
            try:
                admin.create_topics({step.name: options})
            except errors.TopicAlreadyExistsError:
                return
        case AddPartitions():
            admin.create_partitions({step.name: step.wanted})
        case Configure():
            resource = ConfigResource(ConfigResourceType.TOPIC, step.name, dict(step.wanted))
            # The client does not raise: it returns "OK" or the broker's words.
            outcome = admin.alter_configs([resource])["topic"][step.name]
            if outcome != "OK":
                raise ProvisionError(f"Kafka refuses to {step}: {outcome}")


def _find(admin: KafkaAdminClient, names: set[str]) -> dict[str, Found]:
    # By listing them all: asking for a missing one by name makes it, where the broker allows that.
    present = [topic for topic in admin.describe_topics() if topic["name"] in names]
    if not present:
        return {}
    configs = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic["name"]) for topic in present]
    )["topic"]
    return {
        topic["name"]: Found(
            partitions=len(topic["partitions"]),
            replication=len(topic["partitions"][0]["replica_nodes"]),
            config={
                key: entry["value"]
                for key, entry in configs[topic["name"]].items()
                if entry["config_source"] == "DYNAMIC_TOPIC_CONFIG"
            },
        )
        for topic in present
    }


@contextmanager
def _admin(kafka: Brokers | str) -> Iterator[KafkaAdminClient]:
    brokers = Brokers.at(kafka)
    try:
        reach(brokers)
        admin = KafkaAdminClient(
            **brokers.arguments(),
            client_id="passage-provision",
            bootstrap_timeout_ms=_BOOTSTRAP_TIMEOUT_MS,
        )
    except (errors.KafkaError, CannotLogIn, OSError) as error:
        raise ProvisionError(
            explain(brokers, error)
            or f"Kafka does not answer on {brokers} ({error}); start it, or correct PASSAGE_KAFKA"
        ) from error
    try:
        yield admin
    except errors.KafkaError as error:
        raise ProvisionError(
            explain(brokers, error) or f"Kafka on {brokers} refuses: {error}"
        ) from error
    finally:
        admin.close()
