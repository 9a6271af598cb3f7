"""Compose, systemd and Kubernetes against the code: commands, settings, pages and versions."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import SOURCES, VISIT_EVENTS, all_topics
from services.edge.settings import EdgeSettings
from services.live.app import create_app as create_live_app
from services.live.settings import LiveSettings
from services.processor.app import create_app
from services.processor.settings import ProcessorSettings
from services.stack import settings as stack
from tests.unit.deploy.commands import (
    DATABASE_URL,
    PUBLISHING,
    require_command,
    require_settings,
    variables_read,
)

Services = dict[str, dict[str, Any]]
Manifests = list[dict[str, Any]]

OURS = ("provision", "processor", "live", "gateway", "dashboards", "simulator", "history")
# Pages that one of ours serves: the port's variable, and the application.
SERVED = {
    "processor": (
        "PASSAGE_PROCESSOR_PORT",
        lambda: create_app(ProcessorSettings(kafka="kafka:9092", database_writer=DATABASE_URL)),
    ),
    "live": ("PASSAGE_LIVE_PORT", lambda: create_live_app(LiveSettings(kafka="kafka:9092"))),
}


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
    roles = ("OWNER", "WRITER", "READER")
    secrets = {
        "passage-database": dict.fromkeys(
            (f"PASSAGE_DATABASE_{role}" for role in roles), DATABASE_URL
        ),
        "passage-grafana": {"GRAFANA_TOKEN": "glsa", "PASSAGE_GRAFANA_DATABASE": DATABASE_URL},
    }
    containers = list(_containers(manifests))
    assert {c["name"] for c in containers} == {"provision", "processor", "live", "dashboards"}
    for container in containers:
        require_command(container["args"])
        environ = {one["name"]: one.get("value", DATABASE_URL) for one in container["env"]}
        for source in container.get("envFrom", []):
            environ |= secrets[source["secretRef"]["name"]]
        require_settings(container["args"], environ)


STAYING_UNITS = {
    "passage-processor@.service",
    "passage-edge.service",
    "passage-gateway.service",
    "passage-live.service",
}
UNITS = STAYING_UNITS | {"passage-dashboards.service"}


@pytest.mark.parametrize("name", sorted(UNITS))
def test_units_run_commands_with_what_they_read(units: dict[str, str], name: str) -> None:
    (line,) = re.findall(r"^ExecStart=/opt/passage/bin/passage (.*)$", units[name], re.MULTILINE)
    command = shlex.split(line)
    require_command(command)
    # Given by the file that the unit's head describes, and by the unit.
    described = re.findall(r"^#   ([A-Z]+_\w+)=(\S+)", units[name], re.MULTILINE)
    given = re.findall(r"^Environment=(PASSAGE_\w+)=(\S+)", units[name], re.MULTILINE)
    require_settings(command, dict(described + given))


def test_units_are_hardened_and_come_back(units: dict[str, str]) -> None:
    assert set(units) == UNITS
    for name, unit in units.items():
        assert ("Restart=always" if name in STAYING_UNITS else "Type=oneshot") in unit, name
        for setting in (
            "EnvironmentFile=/etc/passage/",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "CapabilityBoundingSet=\n",
            "SystemCallFilter=@system-service",
        ):
            assert setting in unit, name
    assert "PASSAGE_WORKER=%i" in units["passage-processor@.service"]


def test_the_outbox_is_in_the_units_own_folder(units: dict[str, str]) -> None:
    (folder,) = re.findall(r"^StateDirectory=(.*)$", units["passage-edge.service"], re.MULTILINE)
    assert EdgeSettings.model_fields["outbox"].default.parent == Path("/var/lib", folder)


def test_everything_that_publishing_is_given_is_read() -> None:
    require_settings(["dashboards"], PUBLISHING)


def test_no_file_names_a_variable_that_nothing_reads(project: Path) -> None:
    read = variables_read() | {stack.HOME, stack.KAFKA_PORT, stack.POSTGRES_PORT}
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


@pytest.mark.parametrize("name", SERVED)
def test_the_health_page_is_asked_where_it_is_served(
    services: Services, manifests: Manifests, name: str
) -> None:
    variable, create = SERVED[name]
    check = services[name]["healthcheck"]["test"][-1]
    compile(check, "healthcheck", "exec")
    assert f'"127.0.0.1", {services[name]["environment"][variable]}' in check
    (path,) = re.findall(r'"GET", "(/\w+)"', check)
    app: Any = create()
    served = {resource.canonical for resource in app.web.web_app.router.resources()}
    assert {path, "/alive", "/ready", "/metrics"} <= served
    (container,) = [one for one in _containers(manifests) if one["name"] == name]
    environ = {one["name"]: one.get("value") for one in container["env"]}
    assert environ[variable] == str(container["ports"][0]["containerPort"])
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["port"] == container["ports"][0]["name"]
    assert container["readinessProbe"]["httpGet"]["path"] == path
    for probe in ("livenessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["path"] == "/alive"


def test_whoever_stops_a_service_waits_longer_than_it_takes(
    services: Services, manifests: Manifests, units: dict[str, str]
) -> None:
    graces = {name: services[name].get("stop_grace_period") for name in (*SERVED, "gateway")}
    assert set(graces.values()) == {"15s"}
    for one in manifests:
        if one["kind"] == "Deployment":
            assert one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 15
    for name in STAYING_UNITS:
        assert "\nTimeoutStopSec=15\n" in units[name], name


def test_prometheus_is_told_the_port_that_serves_metrics(manifests: Manifests) -> None:
    for one in manifests:
        if one["kind"] == "Deployment":
            template = one["spec"]["template"]
            (port,) = _ports(one)
            assert template["metadata"]["annotations"] == {
                "prometheus.io/scrape": "true",
                "prometheus.io/port": str(port["containerPort"]),
            }


def test_no_more_processors_than_partitions(manifests: Manifests) -> None:
    (deployment,) = [one for one in manifests if one["metadata"]["name"] == "passage-processor"]
    assert deployment["kind"] == "Deployment"
    assert deployment["spec"]["replicas"] <= VISIT_EVENTS.partitions


def test_kubernetes_objects_refer_to_each_other(manifests: Manifests) -> None:
    (kafka,) = [one for one in manifests if one["kind"] == "Kafka"]
    for one in manifests:
        if one["kind"] in {"KafkaNodePool", "KafkaUser"}:
            assert one["metadata"]["labels"]["strimzi.io/cluster"] == kafka["metadata"]["name"]
    listener = kafka["spec"]["kafka"]["listeners"][0]
    address = f"{kafka['metadata']['name']}-kafka-bootstrap:{listener['port']}"
    for container in _containers(manifests):
        if container["name"] != "dashboards":
            assert {"name": "PASSAGE_KAFKA", "value": address} in container["env"]
    (live,) = [one for one in manifests if one["kind"] == "Service"]
    (pods,) = [
        o for o in manifests if o["kind"] == "Deployment" and "live" in o["metadata"]["name"]
    ]
    assert live["spec"]["selector"] == pods["spec"]["template"]["metadata"]["labels"]
    (port,) = live["spec"]["ports"]
    assert port["targetPort"] in {one["name"] for one in _ports(pods)}
    users = {
        one["metadata"]["name"]: one["spec"]["authorization"]["acls"]
        for one in manifests
        if one["kind"] == "KafkaUser"
    }
    named = {acl["resource"]["name"] for acl in users["kiosk"]}
    assert named == {topic.name for topic in SOURCES}
    known = {topic.name for topic in all_topics()} | {"*", "passage-processor", "passage-live-"}
    assert {acl["resource"]["name"] for acls in users.values() for acl in acls} <= known
    for container in _containers(manifests):
        environ = {one["name"]: one.get("value") for one in container["env"]}
        if user := environ.get("PASSAGE_KAFKA_USERNAME"):
            assert user in users
            assert environ["PASSAGE_KAFKA_SECURITY"] == "SASL_SSL"
    allowed = listener["networkPolicyPeers"][0]["podSelector"]["matchLabels"].items()
    for one in manifests:
        if one["kind"] in {"Deployment", "Job"}:
            assert allowed <= one["spec"]["template"]["metadata"]["labels"].items()


def _ports(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    found: list[dict[str, Any]] = container["ports"]
    return found


def _containers(manifests: Manifests) -> Iterator[dict[str, Any]]:
    for one in manifests:
        if one["kind"] in {"Deployment", "Job"}:
            yield from one["spec"]["template"]["spec"]["containers"]
