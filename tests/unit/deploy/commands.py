"""What the code makes of a command line and an environment; nothing is run."""

from __future__ import annotations

from typing import Any

import click

from services.__main__ import main
from services.edge.settings import EdgeSettings
from services.gateway.settings import GatewaySettings
from services.live.settings import LiveSettings
from services.planner.settings import PlannerSettings
from services.processor.settings import ProcessorSettings
from services.provision.grafana.settings import GrafanaSettings
from services.provision.settings import DatabaseSettings, RegistrySettings, TopicSettings
from services.runtime.settings import InvalidSetting, Settings
from services.simulator.settings import SimulatorSettings

DATABASE_URL = "postgresql://user:password@database:5432/passage"
# What the first word of a command reads.
SETTINGS: dict[str, tuple[type[Settings], ...]] = {
    "processor": (ProcessorSettings,),
    "provision": (DatabaseSettings, TopicSettings, RegistrySettings),
    "simulate": (SimulatorSettings,),
    "history": (PlannerSettings,),
    "edge": (EdgeSettings,),
    "live": (LiveSettings,),
    "gateway": (GatewaySettings,),
}
# What `dashboards publish` reads, as far as the deployment gives it.
PUBLISHING = {
    "GRAFANA_URL": "http://grafana:3000",
    "GRAFANA_USER": "admin",
    "GRAFANA_PASSWORD": "secret",
    "PASSAGE_GRAFANA_DATABASE": "postgresql://user:password@database:5432/passage",
    "PASSAGE_LANGUAGE": "fr",
    "PASSAGE_ALERTS_SUPERVISOR": "hall@example.org",
    "PASSAGE_ALERTS_TECHNICIAN": "https://hooks.example/passage",
}


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
    given = {name: str(value) for name, value in environ.items()}
    if arguments[0] == "dashboards":
        settings = GrafanaSettings.from_environ(given)
        unread = {name for name in given if not _is_read(name, given, settings)}
    else:
        classes = SETTINGS[arguments[0]]
        for one in classes:
            one.from_environ(given)
        unread = set(given) - _variables(classes)
    assert not unread, f"{arguments[0]} does not read {unread}"


def _is_read(name: str, environ: dict[str, str], settings: GrafanaSettings) -> bool:
    try:
        return GrafanaSettings.from_environ({**environ, name: "another"}) != settings
    except InvalidSetting:
        return True


def _variables(classes: tuple[type[Settings], ...]) -> set[str]:
    return set().union(*(one.variables() for one in classes))


def variables_read() -> set[str]:
    """Every variable that some command of a deployment reads."""
    return set(PUBLISHING).union(*map(_variables, SETTINGS.values()))
