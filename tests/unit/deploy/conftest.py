"""What the tests of the deployment share: its files, as written and as compose fills them in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[3]
# With a colon, an empty value is refused as well.
_VARIABLE = re.compile(r"\$\{(\w+):?\?run make env\}")


def read_env(text: str) -> dict[str, str]:
    """The settings of a `.env` file."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's folder."""
    return PROJECT


@pytest.fixture(scope="session")
def compose_text() -> str:
    """`docker-compose.yml` as it is written."""
    return (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def env_example() -> dict[str, str]:
    """`.env.example`; passwords are empty."""
    return read_env((PROJECT / ".env.example").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def compose(compose_text: str, env_example: dict[str, str]) -> dict[str, Any]:
    """The compose file with the variables of `.env.example`, passwords as `secret-of-NAME`."""
    values = {
        name: f"secret-of-{name}" if name.endswith("_PASSWORD") else value
        for name, value in env_example.items()
    }

    # As compose does, after YAML: a variable that is empty is an empty text, not nothing.
    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: filled(value) for key, value in part.items()}
        if isinstance(part, list):
            return [filled(one) for one in part]
        if isinstance(part, str):
            return _VARIABLE.sub(lambda match: values[match[1]], part)
        return part

    whole: dict[str, Any] = filled(yaml.safe_load(compose_text))
    return whole


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services of the compose file."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="session")
def manifests() -> list[dict[str, Any]]:
    """Every Kubernetes object of the example."""
    return [
        manifest
        for file in sorted((PROJECT / "deploy" / "kubernetes").glob("*.yaml"))
        for manifest in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]


@pytest.fixture(scope="session")
def units() -> dict[str, str]:
    """The systemd units, by file name."""
    folder = PROJECT / "deploy" / "systemd"
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.service")}
