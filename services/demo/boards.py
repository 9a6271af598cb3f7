"""Boards for the demo: in a Grafana that runs already, when it lets us in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.provision.grafana.command import publish_to, wanted
from services.provision.grafana.connection import Grafana, GrafanaError, find
from services.provision.grafana.settings import GrafanaSettings, grafana_url
from services.runtime.settings import InvalidSetting

FOLDER = "dashboards/f/passage"


def publish_boards(environ: Mapping[str, str], registry_file: Path) -> tuple[str, str] | None:
    """Publish to the Grafana at GRAFANA_URL or on the standard port, if one answers there.

    Returns a note and what to do next; None where none answers. Passwords are never guessed.
    What Grafana refuses is told, and does not fail the demo. Raises InvalidSetting.
    """
    url = grafana_url(environ)
    if not find(url):
        return None
    try:
        settings = GrafanaSettings.from_environ(environ)
    except InvalidSetting as problem:
        if "GRAFANA_TOKEN is not set" not in str(problem):
            raise
        return (
            "left alone",
            f"Grafana answers at {url}: set GRAFANA_TOKEN (of a service account, role Admin), then "
            "`.venv/bin/passage dashboards publish`",
        )
    said: list[str] = []
    try:
        with Grafana(settings.url, settings.credential, ca_file=settings.ca_file) as grafana:
            what = wanted(settings.language, registry_file, alerts=True)
            changes = publish_to(grafana, settings, what, said.append)
    except GrafanaError as error:
        return "not published", f"Boards were not published: {error}"
    warnings = [sentence for sentence in said if sentence.startswith("warning")]
    note = f"{len(changes)} changes" if changes else "up to date"
    return note, "\n".join([f"Boards: {url}/{FOLDER}", *warnings])
