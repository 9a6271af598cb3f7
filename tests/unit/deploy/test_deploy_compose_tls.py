"""The TLS overlay: it changes what the compose file has, and nothing that it does not name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def overlay(project: Path) -> dict[str, dict[str, Any]]:
    text = (project / "deploy" / "compose-tls.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return found


def test_the_kiosks_door_gets_tls_and_keeps_its_login(
    overlay: dict[str, dict[str, Any]], services: dict[str, dict[str, Any]]
) -> None:
    before = services["kafka"]["environment"]
    after = before | overlay["kafka"]["environment"]
    security = dict(
        pair.split(":") for pair in after["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    assert security["KIOSKS"] == "SASL_SSL"
    assert set(security) == {
        pair.split(":")[0] for pair in before["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    }


def test_the_database_keeps_its_settings(
    overlay: dict[str, dict[str, Any]], services: dict[str, dict[str, Any]]
) -> None:
    before, after = services["timescaledb"]["command"], overlay["timescaledb"]["command"]
    assert after[: len(before)] == before
    assert "ssl=on" in after


def test_what_it_mounts_is_where_the_settings_say(overlay: dict[str, dict[str, Any]]) -> None:
    for service in overlay.values():
        text = f"{service.get('environment')} {service.get('command')}"
        for volume in service["volumes"]:
            assert volume.endswith(":ro")
            assert volume.split(":")[1] in text
