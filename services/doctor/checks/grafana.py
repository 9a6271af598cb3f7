"""Grafana, where the environment names one."""

from __future__ import annotations

from services.doctor.deployment import Deployment
from services.doctor.findings import CannotTell, Finding, problem
from services.doctor.rules.programs import judge_grafana


def grafana(deployment: Deployment) -> list[Finding]:
    """Whether it answers, and is new enough for the boards."""
    if not deployment.environ.get("GRAFANA_URL", "").strip():
        raise CannotTell("needs GRAFANA_URL")
    try:
        # A worker's machine has no client for Grafana.
        from services.provision.grafana.connection import Grafana, GrafanaError
        from services.provision.grafana.settings import grafana_url
    except ModuleNotFoundError as error:
        raise CannotTell(f"needs {error.name}: pip install 'passage[dashboards]'") from None
    url = grafana_url(deployment.environ)
    try:
        with Grafana(url, timeout_s=deployment.patience_s / 2) as client:
            return [judge_grafana(client.version())]
    except GrafanaError as error:
        sentence, _, remedy = str(error).partition("; ")
        return [problem(sentence, remedy)]
