"""Writes one change to a Grafana."""

from __future__ import annotations

from typing import assert_never

from services.provision.grafana.alerting import GROUP
from services.provision.grafana.boards import FOLDER_UID, signature
from services.provision.grafana.change import Change, Json
from services.provision.grafana.connection import Grafana, GrafanaError
from services.provision.grafana.data_source import UID


def write(grafana: Grafana, change: Change, password: str) -> None:
    """Carry out a change; `password` is the data source's. Raises GrafanaError."""
    doing = change.sentence(would=True).removeprefix("would ").partition(":")[0]
    before, after = change.before, change.after
    match change.kind:
        case "data source":
            assert after is not None
            _data_source(
                grafana, doing, {**after, "secureJsonData": {"password": password}}, before
            )
        case "folder":
            assert after is not None
            grafana.ask(doing, lambda api: api.folder.create_folder(after["title"], after["uid"]))
        case "permissions":
            grafana.ask(doing, lambda api: api.folder.update_folder_permissions(FOLDER_UID, after))
        case "board":
            _board(grafana, doing, before, after)
        case "alert rule":
            _rule(grafana, doing, before, after)
        case "rule group":
            assert after is not None
            # Without rules it changes the interval alone.
            group = {"title": GROUP, "folderUid": FOLDER_UID, **after}
            grafana.ask(
                doing,
                lambda api: api.alertingprovisioning.update_rule_group(FOLDER_UID, GROUP, group),
            )
        case "contact point":
            _contact_point(grafana, doing, before, after)
        case "notification policies":
            assert after is not None
            _policies(grafana, doing, after)
        case _:
            assert_never(change.kind)


def _data_source(grafana: Grafana, doing: str, after: Json, before: Json | None) -> None:
    if before is None:
        grafana.ask(doing, lambda api: api.datasource.create_datasource(after))
    else:
        grafana.ask(doing, lambda api: api.datasource.update_datasource_by_uid(UID, after))


def _board(grafana: Grafana, doing: str, before: Json | None, after: Json | None) -> None:
    if after is None:
        uid = (before or {})["uid"]
        grafana.ask(doing, lambda api: api.dashboard.delete_dashboard(uid))
        return
    message = {
        "dashboard": {**after, "id": None},
        "folderUid": FOLDER_UID,
        "message": signature(after),
        "overwrite": True,
    }
    grafana.ask(doing, lambda api: api.dashboard.update_dashboard(message))


def _rule(grafana: Grafana, doing: str, before: Json | None, after: Json | None) -> None:
    # One by one, and not as a group: Grafana 9 sets `for` of all its rules to the group's interval.
    # Through the API, so that nobody edits in Grafana what the next publishing would undo.
    if after is None:
        uid = (before or {})["uid"]
        grafana.ask(doing, lambda api: api.alertingprovisioning.delete_alertrule(uid))
    elif before is None:
        grafana.ask(doing, lambda api: api.alertingprovisioning.create_alertrule(after))
    else:
        grafana.ask(
            doing, lambda api: api.alertingprovisioning.update_alertrule(after["uid"], after)
        )


def _contact_point(grafana: Grafana, doing: str, before: Json | None, after: Json | None) -> None:
    assert after is not None
    if before is None:
        grafana.ask(doing, lambda api: api.alertingprovisioning.create_contactpoint(after))
    else:
        grafana.ask(
            doing, lambda api: api.alertingprovisioning.update_contactpoint(after["uid"], after)
        )


def _policies(grafana: Grafana, doing: str, tree: Json) -> None:
    # The tree is everybody's: where Grafana can leave it editable (from 9.5 on), it stays so. A
    # tree that somebody put through the API keeps that mark, which is not ours to remove.
    open_to_people = not tree.get("provenance")
    body = {key: value for key, value in tree.items() if key != "provenance"}
    grafana.ask(
        doing,
        lambda api: api.alertingprovisioning.set_notification_policy_tree(
            body, disable_provenance=open_to_people
        ),
    )


def works(grafana: Grafana, source: Json) -> str | None:
    """Ask the database through Grafana for one of our views; the reason when there is no answer."""
    query = {
        "refId": "A",
        "datasource": {"uid": UID, "type": source["type"]},
        "rawSql": "SELECT count(*) AS sites FROM reference_site",
        "format": "table",
        "intervalMs": 1000,
        "maxDataPoints": 1,
    }
    body = {"queries": [query], "from": "now-1m", "to": "now"}
    try:
        grafana.ask(
            "ask the database through Grafana", lambda api: api.client.POST("/ds/query", json=body)
        )
    except GrafanaError as error:
        return str(error)
    return None
