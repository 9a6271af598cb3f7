"""A broker that lets nobody in without TLS, and knows its users and what each may do."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from services.provision import topics as provision_topics
from services.runtime.kafka import Brokers
from services.stack.jars import KafkaJars
from services.stack.kafka import Door, KafkaServer
from tests.conftest import PROJECT, eventually, free_ports
from tests.integration.security.certificates import DAY, Authority, key_store

ADMIN = "admin"
NOBODY = "reader"
"""A user who may log in and has no right at all."""
USERS_FILE = PROJECT / "deploy" / "kubernetes" / "kafka.yaml"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


def shipped_users() -> dict[str, list[dict[str, Any]]]:
    """The users of the shipped example, each with its access rules."""
    manifests = yaml.safe_load_all(USERS_FILE.read_text(encoding="utf-8"))
    return {
        one["metadata"]["name"]: one["spec"]["authorization"]["acls"]
        for one in manifests
        if one["kind"] == "KafkaUser"
    }


@dataclass(frozen=True)
class ClosedBroker:
    """The running broker: its doors, and how each user logs in."""

    server: KafkaServer
    folder: Path
    authority: Authority
    passwords: dict[str, str]
    doors: dict[str, int]

    def address(self, door: str = "client", host: str = "127.0.0.1") -> str:
        """Where a door is."""
        return f"{host}:{self.doors[door]}"

    def password_file(self, user: str) -> Path:
        """The file with a user's password."""
        file = self.folder / f"{user}.password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(self.passwords[user] + "\n")
        return file

    def login(self, user: str, door: str = "client", **changes: Any) -> Brokers:
        """How a user logs in."""
        right: dict[str, Any] = {
            "addresses": self.address(door),
            "security": "SASL_SSL",
            "ca_file": self.authority.file,
            "username": user,
            "password_file": self.password_file(user),
        }
        return Brokers(**right | changes)

    def environ(self, user: str, **changes: str) -> dict[str, str]:
        """The same as a service's environment."""
        return {
            "PASSAGE_KAFKA": self.address(),
            "PASSAGE_KAFKA_SECURITY": "SASL_SSL",
            "PASSAGE_KAFKA_CA_FILE": str(self.authority.file),
            "PASSAGE_KAFKA_USERNAME": user,
            "PASSAGE_KAFKA_PASSWORD_FILE": str(self.password_file(user)),
        } | changes


def running(home: Path, cache: Path, authority: Authority) -> Iterator[ClosedBroker]:
    """A broker with the shipped users and topics, until the test session ends."""
    port, *others = free_ports(4)
    doors = dict(zip(("client", "expired", "misnamed", "mutual"), (port, *others), strict=True))
    passwords = {user: secrets.token_hex(16) for user in (ADMIN, NOBODY, *shipped_users())}
    context = ssl.create_default_context(cafile=authority.file)
    login = {
        "security_protocol": "SASL_SSL",
        "ssl_context": context,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": ADMIN,
        "sasl_plain_password": passwords[ADMIN],
    }
    door = Door(_properties(home, authority, doors, passwords), _users(passwords), login)
    server = KafkaServer(home / "kafka", port, KafkaJars(cache), heap_mb=320, door=door)
    closed = ClosedBroker(server, home, authority, passwords, doors)
    try:
        server.start()
        # Before there are topics: `provision` has to make them with its own rights.
        with _admin(closed, login) as admin:
            admin.create_acls(list(_rules()))
        eventually(lambda: _has_made_topics(closed), deadline_s=60)
        yield closed
    finally:
        server.stop()
        server.remove()


def _has_made_topics(closed: ClosedBroker) -> bool:
    # Rules reach the broker a moment after they were accepted.
    try:
        provision_topics.apply(closed.login("provision"))
    except provision_topics.ProvisionError:
        return False
    return True


def _admin(closed: ClosedBroker, login: dict[str, Any]) -> KafkaAdminClient:
    return KafkaAdminClient(bootstrap_servers=closed.address(), **login)


def _users(passwords: dict[str, str]) -> list[str]:
    pairs = (f"[name={user},password={word}]" for user, word in passwords.items())
    return [word for pair in pairs for word in ("--add-scram", f"SCRAM-SHA-512={pair}")]


def _properties(
    home: Path, authority: Authority, doors: dict[str, int], passwords: dict[str, str]
) -> dict[str, str]:
    names = [f"{door.upper()}://127.0.0.1:{port}" for door, port in doors.items()]
    stores = {
        "client": authority.issue("broker", "127.0.0.1", "localhost", file="broker"),
        "expired": authority.issue("broker", "127.0.0.1", file="expired", valid_for=DAY / 2),
        "misnamed": authority.issue("broker", "kafka.example", file="misnamed"),
        "mutual": authority.issue("broker", "127.0.0.1", file="mutual"),
    }
    properties = {
        "listeners": ",".join([*names, "CONTROLLER://127.0.0.1:$controller_port"]),
        "advertised.listeners": ",".join(names),
        "listener.security.protocol.map": (
            "CLIENT:SASL_SSL,EXPIRED:SASL_SSL,MISNAMED:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT"
        ),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # ANONYMOUS is the broker itself, at its controller.
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
        "listener.name.mutual.ssl.client.auth": "required",
    }
    for door, files in stores.items():
        prefix = f"listener.name.{door}"
        properties |= {
            f"{prefix}.ssl.keystore.type": "PEM",
            f"{prefix}.ssl.keystore.location": str(key_store(*files)),
            f"{prefix}.ssl.truststore.type": "PEM",
            f"{prefix}.ssl.truststore.location": str(authority.file),
            f"{prefix}.scram-sha-512.sasl.jaas.config": (
                f'{_SCRAM} required username="{ADMIN}" password="{passwords[ADMIN]}";'
            ),
        }
    return properties


def _rules() -> Iterator[ACL]:
    for user, rules in {**shipped_users(), "CN=kiosk-2": shipped_users()["kiosk"]}.items():
        for rule in rules:
            resource = rule["resource"]
            pattern = ResourcePattern(
                ResourceType[resource["type"].upper()],
                resource["name"],
                ACLResourcePatternType.PREFIXED
                if resource.get("patternType") == "prefix"
                else ACLResourcePatternType.LITERAL,
            )
            for operation in rule["operations"]:
                yield ACL(
                    f"User:{user}",
                    "*",
                    ACLOperation[_words(operation)],
                    ACLPermissionType.ALLOW,
                    pattern,
                )


def _words(operation: str) -> str:
    """`DescribeConfigs` as the client names it."""
    return "".join(f"_{one}" if one.isupper() else one for one in operation).lstrip("_").upper()
