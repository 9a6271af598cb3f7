"""The compose file in itself: pinned, ordered, closed, and nothing secret in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.topics import SOURCES

Services = dict[str, dict[str, Any]]

ONE_SHOT = {"provision", "kiosk-rights", "dashboards", "history"}
# Goes on until it is stopped, but is no service: nothing asks it anything.
DEMO = {"simulator"}
PUBLISHED = {"kafka", "gateway", "grafana", "live"}
# Nobody has to be told of alerts.
MAY_BE_EMPTY = {"ALERTS_SUPERVISOR", "ALERTS_TECHNICIAN", "LIVE_CORS_ORIGINS"}


def test_every_variable_is_in_the_example_and_compose_fails_without_it(
    compose_text: str, env_example: dict[str, str]
) -> None:
    used = re.findall(r"\$\{([^}]*)\}", compose_text)
    assert all(name.endswith("?run make env") for name in used)
    names = [name.removesuffix("?run make env") for name in used]
    assert {name.removesuffix(":") for name in names} == set(env_example)
    assert {name for name in names if not name.endswith(":")} == MAY_BE_EMPTY


def test_images_are_named_in_env_only_and_pinned(
    compose_text: str, env_example: dict[str, str]
) -> None:
    images = re.findall(r"^ *image: (.*)$", compose_text, re.MULTILINE)
    assert images
    assert all(re.fullmatch(r"\$\{\w+_IMAGE:\?run make env\}", image) for image in images)
    for name, value in env_example.items():
        if name.endswith("_IMAGE"):
            assert re.fullmatch(r"[\w/-]+:\d+\.\d+[\w.-]*", value), f"{name}: {value}"


def test_no_password_is_written_down(compose_text: str, env_example: dict[str, str]) -> None:
    assert not any(env_example[name] for name in env_example if name.endswith("_PASSWORD"))
    # A variable becomes a dollar sign; whatever else stands where passwords stand was written down.
    text = re.sub(r"\$\{[^}]*\}", "$", compose_text)
    for place in (r"_PASSWORD: *(.+)", r'user_\w+="([^"]*)"', r"postgresql://\w+:([^@\s]*)@"):
        assert set(re.findall(place, text)) == {"$"}, place


@pytest.mark.parametrize("condition", ["service_healthy", "service_completed_successfully"])
def test_services_wait_for_what_can_become_true(services: Services, condition: str) -> None:
    awaited = {
        name
        for service in services.values()
        for name, dependency in service.get("depends_on", {}).items()
        if dependency["condition"] == condition
    }
    assert awaited
    if condition == "service_healthy":
        assert all("healthcheck" in services[name] for name in awaited)
    else:
        assert awaited <= ONE_SHOT
    assert not any("profiles" in services[name] for name in awaited)


def test_every_service_that_stays_restarts_and_has_a_health_check(services: Services) -> None:
    for name, service in services.items():
        if name in ONE_SHOT | DEMO:
            assert service["restart"] == ("no" if name in ONE_SHOT else "on-failure"), name
        else:
            assert service["restart"] == "unless-stopped", name
            check = service["healthcheck"]
            assert {"test", "interval", "timeout", "retries", "start_period"} <= set(check), name


def test_every_service_is_contained(services: Services) -> None:
    for name, service in services.items():
        assert "container_name" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["cap_drop"] == ["ALL"], name
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name
        assert {"memory", "pids"} <= set(service["deploy"]["resources"]["limits"]), name
        if "build" in service:
            assert service["read_only"], name


def test_only_what_must_be_open_is_open_and_on_this_machine_only(services: Services) -> None:
    assert {name for name, service in services.items() if "ports" in service} == PUBLISHED
    for name in PUBLISHED:
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"]), name


def test_published_ports_lead_to_a_listener(services: Services) -> None:
    (kafka_port,) = services["kafka"]["ports"]
    listeners = _listeners(services["kafka"]["environment"]["KAFKA_LISTENERS"])
    assert listeners["KIOSKS"].rpartition(":")[2] == kafka_port.rpartition(":")[2]
    (grafana_port,) = services["grafana"]["ports"]
    assert f":{grafana_port.rpartition(':')[2]}/" in services["grafana"]["healthcheck"]["test"][-1]
    (live_port,) = services["live"]["ports"]
    live = services["live"]["environment"]
    assert live_port.rpartition(":")[2] == str(live["PASSAGE_LIVE_PORT"])
    (gateway_port,) = services["gateway"]["ports"]
    gateway = services["gateway"]["environment"]
    assert gateway_port.rpartition(":")[2] == str(gateway["PASSAGE_GATEWAY_PORT"])
    # Else they would listen inside their containers only.
    assert live["PASSAGE_LIVE_HOST"] == gateway["PASSAGE_GATEWAY_HOST"] == "0.0.0.0"


def test_the_gateway_keeps_its_files_in_a_volume_of_its_user(
    services: Services, project: Path
) -> None:
    gateway = services["gateway"]
    (mount,) = gateway["volumes"]
    folder = mount.partition(":")[2]
    dockerfile = (project / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert f"--owner passage --mode 0700 {folder}\n" in dockerfile
    for name in ("PASSAGE_GATEWAY_TOKENS", "PASSAGE_GATEWAY_OUTBOX"):
        assert gateway["environment"][name].startswith(f"{folder}/")


def test_kiosks_are_told_the_published_port(
    services: Services, env_example: dict[str, str]
) -> None:
    advertised = _listeners(services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"])
    assert advertised["KIOSKS"] == f"{env_example['KAFKA_HOST']}:{env_example['KAFKA_PORT']}"
    assert advertised["INTERNAL"] == services["processor"]["environment"]["PASSAGE_KAFKA"]
    (published,) = services["kafka"]["ports"]
    assert published.split(":")[1] == env_example["KAFKA_PORT"]


def test_the_broker_does_what_the_contracts_need(services: Services) -> None:
    broker = services["kafka"]["environment"]
    assert broker["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert broker["KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE"] == "LogAppendTime"
    assert broker["KAFKA_LOG_DIRS"] in services["kafka"]["volumes"][0]
    security = dict(
        pair.split(":") for pair in broker["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    assert security["KIOSKS"] == "SASL_PLAINTEXT"
    # The image demands a JAAS file when an advertised listener's *name* has SASL or SSL in it.
    assert not re.search("SSL|SASL", broker["KAFKA_ADVERTISED_LISTENERS"])


def test_a_kiosk_may_write_events_and_nothing_else(services: Services) -> None:
    command = services["kiosk-rights"]["command"]
    options = list(pairwise(command))
    assert {value for option, value in options if option == "--topic"} == {
        topic.name for topic in SOURCES
    }
    operations = {value for option, value in options if option == "--operation"}
    assert operations == {"Write", "Describe"}


def test_every_mount_exists(compose: dict[str, Any], services: Services, project: Path) -> None:
    for name, service in services.items():
        for mount in service.get("volumes", []):
            source, target, *mode = mount.split(":")
            assert target.startswith("/"), name
            if source.startswith("."):
                assert (project / source).exists(), f"{name}: {source}"
                assert mode == ["ro"], f"{name}: {mount}"
            else:
                assert source in compose["volumes"], f"{name}: {source}"


def test_the_processor_can_be_scaled(services: Services) -> None:
    processor = services["processor"]
    assert "ports" not in processor
    assert "hostname" not in processor
    # A name of its own each, or none: two of one name would take turns.
    assert "PASSAGE_WORKER" not in processor["environment"]


def test_boards_are_published_once_grafana_answers_and_views_exist(services: Services) -> None:
    awaited = services["dashboards"]["depends_on"]
    assert awaited["grafana"]["condition"] == "service_healthy"
    assert awaited["provision"]["condition"] == "service_completed_successfully"
    environ = services["dashboards"]["environment"]
    port = services["grafana"]["ports"][0].rpartition(":")[2]
    assert environ["GRAFANA_URL"] == f"http://grafana:{port}"
    admin = services["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
    assert environ["GRAFANA_PASSWORD"] == admin
    reader = services["provision"]["environment"]["PASSAGE_DATABASE_READER"]
    assert environ["PASSAGE_GRAFANA_DATABASE"] == reader


def test_the_demo_plays_a_month_and_then_today(services: Services) -> None:
    simulator = services["simulator"]
    assert simulator["profiles"] == ["demo"]
    assert simulator["command"] == ["simulate", "--live", "--days", "30"]


def test_the_head_tells_how_to_start_each_profile(compose_text: str, services: Services) -> None:
    head = compose_text.partition("name:")[0]
    assert "--profile demo up" in head
    profiles = {p for service in services.values() for p in service.get("profiles", [])}
    assert "--profile gateway up" in head
    assert profiles == {"demo", "ask", "gateway"}
    for name in re.findall(r"run --rm (\S+)", head):
        assert name in services


def test_grafana_reports_nothing_outside(services: Services) -> None:
    settings = services["grafana"]["environment"]
    for name in (
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_NEWS_NEWS_FEED_ENABLED",
    ):
        assert settings[name] == "false"
    assert services["timescaledb"]["environment"]["TIMESCALEDB_TELEMETRY"] == "off"
    assert "timescaledb.telemetry_level=off" in services["timescaledb"]["command"]


def test_grafana_reads_the_provisioned_database_as_the_reader(
    services: Services, project: Path
) -> None:
    folder = project / "deploy" / "grafana" / "provisioning" / "datasources"
    (file,) = folder.glob("*.yaml")
    (source,) = yaml.safe_load(file.read_text())["datasources"]
    reader = services["provision"]["environment"]["PASSAGE_DATABASE_READER"]
    ((user, address, database),) = re.findall(r"^postgresql://(\w+):\S+@([^/]+)/(\w+)$", reader)
    assert (source["user"], source["url"]) == (user, address)
    assert source["database"] == source["jsonData"]["database"] == database
    assert source["jsonData"]["timescaledb"] is True
    assert source["uid"] == "passage"
    password = source["secureJsonData"]["password"].removeprefix("$")
    assert services["grafana"]["environment"][password] == f"secret-of-{password}"
    assert f"secret-of-{password}" in reader


def test_docker_compose_accepts_the_file(project: Path, tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("docker is not installed")
    if subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose plugin")
    env = tmp_path / ".env"
    subprocess.run([project / "deploy" / "make-env.sh", env], check=True, capture_output=True)
    command = [docker, "compose", "--env-file", str(env), "--profile", "*", "config", "--quiet"]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def _listeners(text: str) -> dict[str, str]:
    return dict(pair.split("://") for pair in text.split(","))
