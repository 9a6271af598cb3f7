"""A stand-in for Grafana's HTTP API, since no Grafana runs where the tests do.

It is not Grafana: it knows only the requests of `passage dashboards publish`, as 9.4 and 12 answer
them. Taken from grafana/grafana:

- docs/sources/developers/http_api/{dashboard,folder,folder_permissions,data_source}.md: paths,
  bodies, status codes; a board keeps its uid and folder, gets an id, and a version with each write,
  an identical one included (that was seen on a real 9.4).
- issue 80180: the PostgreSQL plugin is `grafana-postgresql-datasource` from 10.2.3 on.
- a data source's password is never read back, only `secureJsonFields.password`.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any
from urllib.parse import unquote

from tests.grafana_stand_in_alerting import AlertingStandIn, Refused, there


class GrafanaStandIn(AlertingStandIn):
    """What a Grafana of one version would remember, and the requests that it got."""

    def __init__(self, version: str = "12.0.2") -> None:
        super().__init__(version)
        self.sources: dict[str, Any] = {}
        self.passwords: dict[str, str] = {}
        self.folders: dict[str, Any] = {"people": {"uid": "people", "title": "People's"}}
        self.permissions: dict[str, list[Any]] = {}
        self.boards: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.forbidden: dict[str, str] = {}
        """Beginning of a path, and the permission that is missing for it."""
        self.database_error: str | None = None
        self.rewrites_boards = False
        """As newer versions do, which bring a board up to date when it is read."""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, header: Any):
        """Status and document of one request."""
        for beginning, permission in self.forbidden.items():
            if path.startswith(beginning) and method != "GET":
                raise Refused(
                    403,
                    "You'll need additional permissions to perform this action. "
                    f"Permissions needed: {permission}",
                )
        if method != "GET" and path != "/ds/query":
            self.writes.append(f"{method} {path}")
        for route, name in _ROUTES.items():
            if found := re.fullmatch(route, path):
                handler = getattr(self, f"{name}_{method.lower()}", None)
                if handler is not None:
                    parts = [unquote(part) for part in found.groups()]
                    return handler(*parts, query=query, body=body, header=header)
        raise Refused(404, "Not found")

    def source_get(self, uid, **_):
        return 200, there(self.sources, uid, "Data source not found")

    def source_put(self, uid, *, body, **_):
        source = there(self.sources, uid, "Data source not found")
        if source["readOnly"]:
            raise Refused(403, "Cannot update read-only data source")
        return 200, {"datasource": self._keep_source({**source, **body})}

    def sources_post(self, *, body, **_):
        if any(source["name"] == body["name"] for source in self.sources.values()):
            raise Refused(409, "data source with the same name already exists")
        return 200, {"datasource": self._keep_source({"id": len(self.sources) + 1, **body})}

    def _keep_source(self, source):
        secret = source.pop("secureJsonData", {})
        if "password" in secret:
            self.passwords[source["uid"]] = secret["password"]
        kind = source["type"]
        if self.major >= 11 and kind == "postgres":
            kind = "grafana-postgresql-datasource"
        kept = {
            **source,
            "type": kind,
            "orgId": 1,
            "version": source.get("version", 0) + 1,
            "readOnly": source.get("readOnly", False),
            "secureJsonFields": {"password": source["uid"] in self.passwords},
        }
        self.sources[source["uid"]] = kept
        return kept

    def query_post(self, *, body, **_):
        assert body["queries"][0]["rawSql"].startswith("SELECT")
        if self.database_error:
            raise Refused(400, json.dumps({"results": {"A": {"error": self.database_error}}}))
        return 200, {"results": {"A": {"status": 200, "frames": [{"schema": {}, "data": {}}]}}}

    def folder_get(self, uid, **_):
        return 200, there(self.folders, uid, "folder not found")

    def folders_post(self, *, body, **_):
        if self.major < 10 and any(f["title"] == body["title"] for f in self.folders.values()):
            raise Refused(409, "a folder or dashboard in the general folder with the same name")
        self.folders[body["uid"]] = {"id": len(self.folders) + 1, **body, "version": 1}
        self.permissions[body["uid"]] = [
            {"role": role, "permission": n, "permissionName": name, "inherited": False}
            for role, n, name in (("Viewer", 1, "View"), ("Editor", 2, "Edit"))
        ]
        return 200, self.folders[body["uid"]]

    def permissions_get(self, uid, **_):
        return 200, self.permissions[uid]

    def permissions_post(self, uid, *, body, **_):
        self.permissions[uid] = body["items"]
        return 200, {"message": "Folder permissions updated"}

    def search_get(self, *, query, **_):
        tags = set(query.get("tag", []))
        return 200, [
            {"uid": uid, "folderUid": board["meta"]["folderUid"], "type": "dash-db"}
            for uid, board in self.boards.items()
            if tags <= set(board["dashboard"].get("tags") or [])
        ]

    def board_get(self, uid, **_):
        board = copy.deepcopy(there(self.boards, uid, "Dashboard not found"))
        if self.rewrites_boards:
            board["dashboard"].update(schemaVersion=41, preload=False)
        return 200, {"dashboard": board["dashboard"], "meta": board["meta"]}

    def board_delete(self, uid, **_):
        del self.boards[uid]
        return 200, {"message": "Dashboard deleted"}

    def boards_post(self, *, body, **_):
        board = body["dashboard"]
        there = self.boards.get(board["uid"])
        if there and there["meta"]["provisioned"]:
            raise Refused(400, "Cannot save provisioned dashboard")
        if there and not body.get("overwrite"):
            raise Refused(412, "The dashboard has been changed by someone else")
        if body["folderUid"] not in self.folders:
            raise Refused(400, "folder not found")
        version = there["dashboard"]["version"] + 1 if there else 1
        number = there["dashboard"]["id"] if there else len(self.boards) + 1
        self.boards[board["uid"]] = {
            "dashboard": {**board, "id": number, "version": version},
            "meta": {"folderUid": body["folderUid"], "provisioned": False, "canSave": True},
            "message": body.get("message", ""),
        }
        return 200, {"status": "success", "uid": board["uid"], "version": version}

    def versions_get(self, uid, **_):
        board = self.boards[uid]
        listed = [{"version": board["dashboard"]["version"], "message": board["message"]}]
        return 200, listed if self.major < 11 else {"continueToken": "", "versions": listed}


_ROUTES = {
    "/datasources/uid/([^/]+)": "source",
    "/datasources": "sources",
    "/ds/query": "query",
    "/folders/([^/]+)/permissions": "permissions",
    "/folders/([^/]+)": "folder",
    "/folders": "folders",
    "/search": "search",
    "/dashboards/db": "boards",
    "/dashboards/uid/([^/]+)/versions": "versions",
    "/dashboards/uid/([^/]+)": "board",
    "/v1/provisioning/alert-rules": "rules",
    "/v1/provisioning/alert-rules/([^/]+)": "rule",
    "/v1/provisioning/folder/([^/]+)/rule-groups/([^/]+)": "group",
    "/v1/provisioning/contact-points": "points",
    "/v1/provisioning/contact-points/([^/]+)": "point",
    "/v1/provisioning/policies": "policies",
}
