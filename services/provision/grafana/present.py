"""What a Grafana has of ours now. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from services.provision.grafana.alerting import GROUP
from services.provision.grafana.boards import FOLDER_UID, TAG, FoundBoard
from services.provision.grafana.change import Json
from services.provision.grafana.connection import Absent, Grafana, GrafanaError
from services.provision.grafana.data_source import UID

_MOST_BOARDS = 5000


@dataclass(frozen=True, slots=True)
class Alerting:
    """The alerting of an organisation, as far as it concerns us."""

    rules: dict[str, Json]
    interval_s: int | None
    contact_points: list[Json]
    policies: Json


def data_source(grafana: Grafana) -> Json | None:
    """The data source with our uid, without its password."""
    return _object(grafana, f"/datasources/uid/{UID}", "read the data source")


def folder(grafana: Grafana) -> Json | None:
    """The folder with our uid."""
    return _object(grafana, f"/folders/{FOLDER_UID}", "read the folder")


def permissions(grafana: Grafana) -> list[Json]:
    """Who may do what in our folder."""
    path = f"/folders/{FOLDER_UID}/permissions"
    items: list[Json] = grafana.ask(
        "read the folder's permissions", lambda api: api.client.GET(path)
    )
    return items


def boards(grafana: Grafana, uids: Sequence[str]) -> dict[str, FoundBoard]:
    """The boards with these uids, and those with our tag in our folder, by uid."""
    listed: list[Json] = grafana.ask(
        "list the boards",
        lambda api: api.search.search_dashboards(tag=TAG, type_="dash-db", limit=_MOST_BOARDS),
    )
    in_folder = [board["uid"] for board in listed if board.get("folderUid") == FOLDER_UID]
    found = {}
    for uid in dict.fromkeys([*uids, *in_folder]):
        answer = _object(grafana, f"/dashboards/uid/{quote(uid, safe='')}", f"read the board {uid}")
        if answer is not None:
            meta = answer.get("meta") or {}
            found[uid] = FoundBoard(
                dashboard=answer["dashboard"],
                folder_uid=meta.get("folderUid") or "",
                from_file=bool(meta.get("provisioned")),
                message=_latest_message(grafana, uid),
            )
    return found


def _latest_message(grafana: Grafana, uid: str) -> str:
    path = f"/dashboards/uid/{quote(uid, safe='')}/versions"
    try:
        # Not by the client's own method, which sends the limit where Grafana does not read it.
        answer = grafana.ask(
            f"read the versions of the board {uid}",
            lambda api: api.client.GET(path, params={"limit": 1}),
        )
    except Absent:
        return ""
    # A list, and in newer versions an object around it.
    versions = answer.get("versions") if isinstance(answer, dict) else answer
    return str(versions[0].get("message") or "") if versions else ""


def alerting(grafana: Grafana, uids: Sequence[str]) -> Alerting:
    """Rules with these uids and those of our group, contact points, policies."""
    try:
        policies: Json = grafana.ask(
            "read the notification policies",
            lambda api: api.alertingprovisioning.get_notification_policy_tree(),
        )
    except Absent:
        raise GrafanaError(
            "this Grafana has no alerting: switch it on ([unified_alerting] enabled = true), or "
            "publish without it (--no-alerts)"
        ) from None
    group = _object(
        grafana,
        f"/v1/provisioning/folder/{FOLDER_UID}/rule-groups/{GROUP}",
        "read the group of alert rules",
    )
    rules = {rule["uid"]: rule for rule in (group or {}).get("rules") or []}
    for uid in uids:
        if uid not in rules:
            path = f"/v1/provisioning/alert-rules/{uid}"
            rule = _object(grafana, path, f"read the alert rule {uid}")
            if rule is not None:
                rules[uid] = rule
    return Alerting(
        rules=rules,
        interval_s=None if group is None else int(group["interval"]),
        contact_points=grafana.ask(
            "read the contact points", lambda api: api.alertingprovisioning.get_contactpoints()
        ),
        policies=policies,
    )


def _object(grafana: Grafana, path: str, doing: str) -> Json | None:
    try:
        answer: Json = grafana.ask(doing, lambda api: api.client.GET(path))
    except Absent:
        return None
    return answer
