"""`passage dashboards`: boards and alerts in a running Grafana, for people."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dashboards.alerts.rule import INTERVAL_S, ROUTE_LABEL
from dashboards.alerts.rules import all_rules
from dashboards.boards import all_boards
from services.provision.grafana.connection import Grafana
from services.provision.grafana.publish import Wanted, plan
from services.provision.grafana.publish import publish as publish_
from services.provision.grafana.settings import GrafanaSettings, Language
from services.provision.registry_file import read as read_registry
from services.provision.report import Changes, Report
from services.provision.steps import step, with_remedy
from services.runtime.settings import with_local_stack

DEFAULT_REGISTRY = Path("deploy/registry.yaml")


@click.group(name="dashboards")
def dashboards() -> None:
    """Boards and alerts in a running Grafana (9.4 or newer).

    \b
    Settings, from the environment:
      GRAFANA_URL                 http://host:port[/path] (http://127.0.0.1:3000)
      GRAFANA_TOKEN               of a service account with the role Admin, or
      GRAFANA_USER, GRAFANA_PASSWORD
      GRAFANA_TOKEN_FILE, GRAFANA_PASSWORD_FILE
                                  files that hold them
      GRAFANA_CA_FILE             the authority of its certificate, when it is your own
      PASSAGE_DATABASE_READER     the database, as the role that reads views
      PASSAGE_GRAFANA_DATABASE    the same at the address where Grafana reaches it
      PASSAGE_LANGUAGE            fr or en (fr)
      PASSAGE_ALERTS_SUPERVISOR   email addresses with commas, or the URL of a webhook
      PASSAGE_ALERTS_TECHNICIAN   the same

    \b
    Ends with
      0  when Grafana matches, or --diff has shown what is missing;
      1  when something could not be done: the message says what, and the remedy;
      2  when the command or a setting is wrong.
    """


@dashboards.command()
@click.option(
    "--diff", "--dry-run", "diff", is_flag=True, help="Show what would change, and change nothing."
)
@click.option(
    "--language", type=click.Choice(["fr", "en"]), help="Of all texts (PASSAGE_LANGUAGE)."
)
@click.option(
    "--registry",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_REGISTRY,
    show_default=True,
    help="Its directorates fix the colours.",
)
@click.option("--no-alerts", is_flag=True, help="Leave alerting as it is.")
@with_remedy
def publish(diff: bool, language: str | None, registry: Path, no_alerts: bool) -> None:
    """Put data source, folder, boards and alerts into Grafana.

    It can be repeated: what matches is left as it is, and so is everything that is not Passage's.
    A board of Passage that was moved is moved back to the folder, where viewers may see it.
    """
    environ = with_local_stack(os.environ)
    if language:
        environ["PASSAGE_LANGUAGE"] = language
    settings = GrafanaSettings.from_environ(environ)
    what = wanted(settings.language, registry, alerts=not no_alerts)
    with Grafana(settings.url, settings.credential, ca_file=settings.ca_file) as grafana:
        if diff:
            step("dashboards", lambda report: _show(grafana, settings, what, report))
        else:
            step("dashboards", lambda report: publish_to(grafana, settings, what, report))
    click.echo(f"dashboards: {settings.url}/dashboards/f/passage")


def wanted(language: Language, registry: Path, *, alerts: bool) -> Wanted:
    """What the code says, coloured in the registry file's order. Raises InvalidRegistry."""
    directorates = [directorate.code for directorate in read_registry(registry).directorates]
    return Wanted(
        boards=all_boards(language, directorates),
        rules=all_rules(language) if alerts else None,
        route_label=ROUTE_LABEL,
        interval_s=INTERVAL_S,
    )


def publish_to(
    grafana: Grafana, settings: GrafanaSettings, what: Wanted, report: Report
) -> list[str]:
    """Publish, and return the sentences of what was changed. Raises GrafanaError."""
    changes = Changes(report)
    publish_(grafana, settings, what, changes)
    return changes.made


def _show(grafana: Grafana, settings: GrafanaSettings, what: Wanted, report: Report) -> list[str]:
    changes = Changes(report)
    found = plan(grafana, grafana.version(), settings, what)
    for change in found.changes:
        changes.add(change.sentence(would=True))
        for line in change.diff():
            click.echo(f"  {line}")
    for remark in found.remarks:
        changes.remark(remark)
    return changes.made
