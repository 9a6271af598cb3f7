"""Compose, systemd and Kubernetes against the code: commands, settings, pages and versions."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from schemas.topics import SOURCES, VISIT_EVENTS
from services.__main__ import main
from services.edge.settings import EdgeSettings
from services.planner.settings import PlannerSettings
from services.processor.app import create_app
from services.processor.settings import ProcessorSettings
from services.provision.settings import DatabaseSettings, RegistrySettings, TopicSettings
from services.runtime.settings import PREFIX, Settings
from services.simulator.__main__ import SimulatorSettings
from services.stack import settings as stack

Services = dict[str, dict[str, Any]]
Manifests = list[dict[str, Any]]

# What the first word of a command reads.
SETTINGS: dict[str, tuple[type[Settings], ...]] = {
    "processor": (ProcessorSettings,),
    "provision": (DatabaseSettings, TopicSettings, RegistrySettings),
    "simulate": (SimulatorSettings,),
    "history": (PlannerSettings,),
    "edge": (EdgeSettings,),
}
OURS = ("provision", "processor", "simulator", "history")


def test_every_service_of_ours_is_tested_here(services: Services) -> None:
    assert {name for name, service in services.items() if "build" in service} == set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_compose_runs_commands_that_passage_knows(services: Services, name: str) -> None:
    require_command(services[name]["command"])


@pytest.mark.parametrize("name", OURS)
def test_compose_gives_each_service_what_it_reads(services: Services, name: str) -> None:
    service = services[name]
    require_settings(service["command"], service["environment"])


def test_kubernetes_runs_commands_with_what_they_read(manifests: Manifests) -> None:
    secret = {"PASSAGE_DATABASE_OWNER", "PASSAGE_DATABASE_WRITER", "PASSAGE_DATABASE_READER"}
    containers = list(_containers(manifests))
    assert {container["name"] for container in containers} == {"provision", "processor"}
    for container in containers:
        require_command(container["args"])
        environ = {one["name"]: one.get("value", _URL) for one in container["env"]}
        if "envFrom" in container:
            environ |= dict.fromkeys(secret, _URL)
        require_settings(container["args"], environ)


@pytest.mark.parametrize("name", ["passage-processor@.service", "passage-edge.service"])
def test_units_run_commands_with_what_they_read(units: dict[str, str], name: str) -> None:
    (line,) = re.findall(r"^ExecStart=/opt/passage/bin/passage (.*)$", units[name], re.MULTILINE)
    command = shlex.split(line)
    require_command(command)
    # Given by the file that the unit's head describes, and by the unit.
    described = re.findall(r"^#   (PASSAGE_\w+)=(\S+)", units[name], re.MULTILINE)
    given = re.findall(r"^Environment=(PASSAGE_\w+)=(\S+)", units[name], re.MULTILINE)
    require_settings(command, dict(described + given))


def test_units_are_hardened_and_come_back(units: dict[str, str]) -> None:
    assert set(units) == {"passage-processor@.service", "passage-edge.service"}
    for unit in units.values():
        for setting in (
            "Restart=always",
            "EnvironmentFile=/etc/passage/",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "CapabilityBoundingSet=\n",
            "SystemCallFilter=@system-service",
        ):
            assert setting in unit
    assert "PASSAGE_WORKER=%i" in units["passage-processor@.service"]


def test_the_outbox_is_in_the_units_own_folder(units: dict[str, str]) -> None:
    (folder,) = re.findall(r"^StateDirectory=(.*)$", units["passage-edge.service"], re.MULTILINE)
    assert EdgeSettings.model_fields["outbox"].default.parent == Path("/var/lib", folder)


def test_no_file_names_a_variable_that_nothing_reads(project: Path) -> None:
    read = {PREFIX + field.upper() for classes in SETTINGS.values() for field in _fields(classes)}
    read |= {stack.HOME, stack.KAFKA_PORT, stack.POSTGRES_PORT}
    files = [project / "docker-compose.yml", project / ".env.example"]
    files += [
        f for f in (project / "deploy").rglob("*") if f.suffix in {".service", ".yaml", ".md"}
    ]
    for file in files:
        named = set(re.findall(r"\bPASSAGE_\w*[A-Z]\b", file.read_text(encoding="utf-8")))
        assert named <= read, file


def test_versions_are_those_of_the_project(
    project: Path, env_example: dict[str, str], manifests: Manifests
) -> None:
    version = tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"]
    image = f"passage:{version}"
    assert env_example["PROJECT_IMAGE"] == image
    assert {container["image"] for container in _containers(manifests)} == {image}
    (kafka,) = [one for one in manifests if one["kind"] == "Kafka"]
    assert env_example["KAFKA_IMAGE"] == f"apache/kafka:{kafka['spec']['kafka']['version']}"
    # The same broker that the tests run.
    pom = (project / "deploy" / "local" / "pom.xml").read_text()
    assert f"<kafka.version>{kafka['spec']['kafka']['version']}</kafka.version>" in pom


def test_the_health_page_is_asked_where_the_processor_serves_it(
    services: Services, manifests: Manifests
) -> None:
    processor = services["processor"]
    check = processor["healthcheck"]["test"][-1]
    compile(check, "healthcheck", "exec")
    port = processor["environment"]["PASSAGE_PROCESSOR_PORT"]
    assert f'"127.0.0.1", {port}' in check
    (container,) = [one for one in _containers(manifests) if one["name"] == "processor"]
    environ = {one["name"]: one.get("value") for one in container["env"]}
    assert environ["PASSAGE_PROCESSOR_PORT"] == str(container["ports"][0]["containerPort"])
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["port"] == container["ports"][0]["name"]
    assert container["readinessProbe"]["httpGet"]["path"] in check


def test_the_processor_serves_the_health_page(services: Services) -> None:
    (path,) = re.findall(r'"GET", "(/\w+)"', services["processor"]["healthcheck"]["test"][-1])
    app: Any = create_app(ProcessorSettings(kafka="kafka:9092", database_writer=_URL))
    assert path in {resource.canonical for resource in app.web.web_app.router.resources()}


def test_no_more_processors_than_partitions(manifests: Manifests) -> None:
    (deployment,) = [one for one in manifests if one["kind"] == "Deployment"]
    assert deployment["spec"]["replicas"] <= VISIT_EVENTS.partitions


def test_kubernetes_objects_refer_to_each_other(manifests: Manifests) -> None:
    (kafka,) = [one for one in manifests if one["kind"] == "Kafka"]
    for one in manifests:
        if one["kind"] in {"KafkaNodePool", "KafkaUser"}:
            assert one["metadata"]["labels"]["strimzi.io/cluster"] == kafka["metadata"]["name"]
    listener = kafka["spec"]["kafka"]["listeners"][0]
    address = f"{kafka['metadata']['name']}-kafka-bootstrap:{listener['port']}"
    for container in _containers(manifests):
        assert {"name": "PASSAGE_KAFKA", "value": address} in container["env"]
    (user,) = [one for one in manifests if one["kind"] == "KafkaUser"]
    named = {acl["resource"]["name"] for acl in user["spec"]["authorization"]["acls"]}
    assert named == {topic.name for topic in SOURCES}
    allowed = listener["networkPolicyPeers"][0]["podSelector"]["matchLabels"].items()
    for one in manifests:
        if one["kind"] in {"Deployment", "Job"}:
            assert allowed <= one["spec"]["template"]["metadata"]["labels"].items()


_URL = "postgresql://user:password@database:5432/passage"


def require_command(arguments: list[str]) -> None:
    """Fail when `passage` would refuse these words; nothing is run."""
    command: click.Command = main
    words = list(arguments)
    context = click.Context(command)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"passage has no command {' '.join(arguments)}"
        command = found
        context = click.Context(command, parent=context, info_name=words.pop(0))
    # Values are checked too, `--days 0` for example.
    command.make_context(command.name, words, parent=context.parent)


def require_settings(arguments: list[str], environ: dict[str, Any]) -> None:
    """Fail when a setting is missing or wrong, or one is given that nothing reads."""
    classes = SETTINGS[arguments[0]]
    for settings in classes:
        settings.from_environ({name: str(value) for name, value in environ.items()})
    unread = set(environ) - {PREFIX + field.upper() for field in _fields(classes)}
    assert not unread, f"{arguments[0]} does not read {unread}"


def _fields(classes: tuple[type[Settings], ...]) -> set[str]:
    return {field for settings in classes for field in settings.model_fields}


def _containers(manifests: Manifests) -> Iterator[dict[str, Any]]:
    for one in manifests:
        if one["kind"] in {"Deployment", "Job"}:
            yield from one["spec"]["template"]["spec"]["containers"]
