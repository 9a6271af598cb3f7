"""Alert rules, contact points, and the routes from one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.provision.grafana.boards import FOLDER_UID
from services.provision.grafana.change import Change, Json

GROUP = "passage"
ROUTES = ("supervisor", "technician")

_PREFIX = "passage-"
_REDACTED = "[REDACTED]"


def contact_name(route: str) -> str:
    """What the contact point of a route is called; policies name it, so that it never changes."""
    return f"Passage {route}"


def in_group(rules: Sequence[Json]) -> list[Json]:
    """The rules where they belong: in our folder, in one group."""
    return [{**rule, "folderUID": FOLDER_UID, "ruleGroup": GROUP} for rule in rules]


def plan_rules(wanted: Sequence[Json], found: Mapping[str, Json]) -> list[Change]:
    """Rules to create, change and remove.

    `found` holds the rules with the wanted uids wherever they are, and all of our group. In the
    group, those that carry our prefix and are wanted no more are removed, the others are people's.
    """
    changes = []
    for rule in wanted:
        there = found.get(rule["uid"])
        # The rest is what Grafana adds: id, orgID, updated, provenance, and newer versions more.
        before = None if there is None else {key: there.get(key) for key in rule}
        if before != rule:
            changes.append(Change("alert rule", _name(rule), before, rule))
    uids = {rule["uid"] for rule in wanted}
    for uid, there in found.items():
        ours = uid.startswith(_PREFIX) and there.get("folderUID") == FOLDER_UID
        if ours and uid not in uids and there.get("ruleGroup") == GROUP:
            changes.append(Change("alert rule", _name(there), there, None))
    return changes


def plan_interval(present_s: int | None, wanted_s: int) -> list[Change]:
    """How often the group is evaluated; None while there is no group."""
    if present_s in (None, wanted_s):
        return []
    return [Change("rule group", GROUP, {"interval": present_s}, {"interval": wanted_s})]


def contact_points(addresses: Mapping[str, str]) -> list[Json]:
    """One contact point for each address: email, or a webhook when it is a URL."""
    return [
        {
            "uid": f"{_PREFIX}{route}",
            "name": contact_name(route),
            "type": "webhook" if address.startswith("http") else "email",
            "settings": (
                {"url": address, "httpMethod": "POST"}
                if address.startswith("http")
                else {"addresses": address, "singleEmail": False}
            ),
            "disableResolveMessage": False,
        }
        for route, address in addresses.items()
    ]


def plan_contact_points(wanted: Sequence[Json], found: Sequence[Json]) -> list[Change]:
    """Contact points to create and change; none is removed, since a policy may use it.

    A setting that Grafana keeps secret cannot be compared: it counts as equal.
    """
    by_uid = {point.get("uid"): point for point in found}
    changes = []
    for point in wanted:
        there = by_uid.get(point["uid"])
        before = None if there is None else _comparable(there, point)
        if before != point:
            changes.append(Change("contact point", point["name"], before, point))
    return changes


def _comparable(there: Json, wanted: Json) -> Json:
    kept: dict[str, Any] = there.get("settings") or {}
    settings = {
        key: value if kept.get(key) == _REDACTED else kept.get(key)
        for key, value in wanted["settings"].items()
    }
    return {**{key: there.get(key) for key in wanted}, "settings": settings}


def routes(label: str, receivers: Sequence[str]) -> list[Json]:
    """The policies of those who are told; a query that fails is always the technician's."""
    common = {
        "group_by": ["alertname", "site"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
    }
    found = []
    if "technician" in receivers:
        failing = [["alertname", "=", "DatasourceError"], [label, "=~", ".+"]]
        found.append({**common, "receiver": contact_name("technician"), "object_matchers": failing})
    found += [
        {**common, "receiver": contact_name(route), "object_matchers": [[label, "=", route]]}
        for route in ROUTES
        if route in receivers
    ]
    return found


def plan_policies(label: str, receivers: Sequence[str], tree: Json) -> list[Change]:
    """The tree with our routes first, and everything else as it was.

    Ours are the top routes that match on our label and lead to our contact points. Where they stand
    together already they stay; without an address there is nothing of ours to put.
    """
    if not receivers:
        return []
    ours = routes(label, receivers)
    there: list[Json] = tree.get("routes") or []
    names = {contact_name(route) for route in ROUTES}
    kept = [_is_ours(route, label, names) for route in there]
    found = [_core(route) for route, own in zip(there, kept, strict=True) if own]
    if found == [_core(route) for route in ours]:
        return []
    others = [route for route, own in zip(there, kept, strict=True) if not own]
    after = {**tree, "routes": [*ours, *others]}
    return [Change("notification policies", f"for {label}", tree, after)]


def _is_ours(route: Json, label: str, names: set[str]) -> bool:
    matchers = route.get("object_matchers") or []
    return route.get("receiver") in names and any(matcher[0] == label for matcher in matchers)


def _core(route: Json) -> Json:
    """Without what means nothing, in an order that Grafana does not promise to keep."""
    core = {key: value for key, value in route.items() if value not in (None, False, [], {}, "")}
    return {**core, "object_matchers": sorted(core["object_matchers"])}


def _name(rule: Mapping[str, Any]) -> str:
    return f"{rule.get('title', '')} ({rule.get('uid', '')})"
