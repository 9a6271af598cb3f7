"""The alerting part of the stand-in for Grafana. Taken from grafana/grafana:

- docs/sources/developers/http_api/alerting_provisioning.md: paths, bodies, status codes.
- pkg/services/ngalert/provisioning/alert_rules.go of 9.x: writing a rule group sets `for` of all
  its rules to the group's interval; a new group gets the default interval of 60 s.
- pkg/services/ngalert/models/alert_query.go: intervalMs and maxDataPoints are filled in.
- pkg/services/ngalert/provisioning/contactpoints.go: secret settings are read back as `[REDACTED]`.
- pkg/services/ngalert/provisioning/notification_policies.go: PUT replaces the whole tree, which
  must name existing receivers; pull request 63650: X-Disable-Provenance on it is known from 9.5 on.
"""

from __future__ import annotations

import copy
from typing import Any


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def there(things: dict[str, Any], uid: str, message: str) -> Any:
    """The thing with that uid. Raises Refused with 404."""
    if uid not in things:
        raise Refused(404, message)
    return things[uid]


class AlertingStandIn:
    """Rules, contact points and policies of a Grafana of one version."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.major = int(version.split(".")[0])
        self.rules: dict[str, dict[str, Any]] = {}
        self.intervals: dict[str, int] = {}
        self.contact_points: list[dict[str, Any]] = [
            {"uid": "", "name": "grafana-default-email", "type": "email", "settings": {}}
        ]
        self.policies: dict[str, Any] = {
            "receiver": "grafana-default-email",
            "group_by": ["grafana_folder", "alertname"],
        }
        self.has_alerting = True
        self.default_interval = 60

    def rule_get(self, uid, **_):
        self._needs_alerting()
        return 200, there(self.rules, uid, "")

    def rules_post(self, *, body, header, **_):
        if body["uid"] in self.rules:
            raise Refused(409, "rule uid is taken")
        self.intervals.setdefault(body["ruleGroup"], self.default_interval)
        return 201, self._keep_rule({"id": len(self.rules) + 1, **body}, header)

    def rule_put(self, uid, *, body, header, **_):
        return 200, self._keep_rule({**there(self.rules, uid, ""), **body}, header)

    def rule_delete(self, uid, **_):
        del self.rules[uid]
        return 204, None

    def _keep_rule(self, rule, header):
        kept = {
            **copy.deepcopy(rule),
            "orgID": 1,
            "updated": "2026-11-25T10:00:00Z",
            "provenance": "" if header.get("X-Disable-Provenance") else "api",
        }
        if self.major >= 11:
            kept |= {"notification_settings": None, "record": None, "keep_firing_for": "0s"}
        for query in kept["data"]:
            query["model"].setdefault("intervalMs", 1000)
            query["model"].setdefault("maxDataPoints", 43200)
        self.rules[rule["uid"]] = kept
        return kept

    def group_get(self, folder, group, **_):
        self._needs_alerting()
        rules = [
            r for r in self.rules.values() if (r["folderUID"], r["ruleGroup"]) == (folder, group)
        ]
        if not rules:
            raise Refused(404, "rule group does not exist")
        interval = self.intervals[group]
        return 200, {"title": group, "folderUid": folder, "interval": interval, "rules": rules}

    def group_put(self, folder, group, *, body, **_):
        assert "rules" not in body
        if body["interval"] % 10:
            raise Refused(400, "interval should be divided exactly by the base interval 10s")
        self.intervals[group] = body["interval"]
        if self.major < 10:
            for rule in self.rules.values():
                if (rule["folderUID"], rule["ruleGroup"]) == (folder, group):
                    rule["for"] = f"{body['interval'] // 60}m"
        return 200, body

    def points_get(self, **_):
        points = copy.deepcopy(self.contact_points)
        for point in points:
            if "password" in point["settings"]:
                point["settings"]["password"] = "[REDACTED]"
        return 200, points

    def points_post(self, *, body, **_):
        self.contact_points.append({**body, "provenance": "api"})
        return 202, body

    def point_put(self, uid, *, body, **_):
        [place] = [i for i, point in enumerate(self.contact_points) if point["uid"] == uid]
        self.contact_points[place] = {**body, "provenance": "api"}
        return 202, {"message": "contactpoint updated"}

    def policies_get(self, **_):
        self._needs_alerting()
        return 200, self.policies

    def policies_put(self, *, body, header, **_):
        known = {point["name"] for point in self.contact_points}
        for route in body.get("routes", []):
            if route["receiver"] not in known:
                raise Refused(400, f"receiver '{route['receiver']}' does not exist")
        knows_header = self.major > 9 or self.version >= "9.5"
        editable = knows_header and header.get("X-Disable-Provenance")
        self.policies = body if editable else {**body, "provenance": "api"}
        return 202, {"message": "policies updated"}

    def _needs_alerting(self):
        if not self.has_alerting:
            raise Refused(404, "Not found")
