from __future__ import annotations

import copy
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.provision.grafana.connection import Grafana, GrafanaError, find
from services.provision.grafana.publish import Wanted, plan, publish
from services.provision.grafana.settings import GrafanaSettings
from services.provision.report import Changes
from tests.grafana_stand_in import GrafanaStandIn
from tests.grafana_stand_in_server import PASSWORD, TOKEN, USER, Server

VERSIONS = ("9.4.7", "12.0.2")
DATABASE = "postgresql://passage_reader:s3cret@db:5432/passage?sslmode=require"


def board(uid: str, title: str = "Flux du jour") -> dict:
    target = {"datasource": {"type": "postgres", "uid": "passage"}, "rawSql": "SELECT 1"}
    panel = {"id": 1, "title": "Passages", "type": "timeseries", "targets": [target]}
    return {"uid": uid, "title": title, "tags": ["passage", "generated"], "panels": [panel]}


def rule(uid: str, lasting: str = "2m") -> dict:
    source = {"type": "postgres", "uid": "passage"}
    return {
        "uid": uid,
        "title": f"Alert {uid}",
        "condition": "A",
        "data": [
            {
                "refId": "A",
                "queryType": "",
                "relativeTimeRange": {"from": 3600, "to": 0},
                "datasourceUid": "passage",
                "model": {"datasource": source, "intervalMs": 1000, "maxDataPoints": 43200},
            }
        ],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": lasting,
        "labels": {"passage_route": "supervisor"},
        "annotations": {"summary": "…"},
        "isPaused": False,
    }


def wanted(**others) -> Wanted:
    rules = [rule("passage-queue-long"), rule("passage-wait-long", "10m")]
    parts = {
        "boards": [board("passage-flux-du-jour"), board("passage-histoire", "Histoire")],
        "rules": rules,
        "route_label": "passage_route",
        "interval_s": 60,
    }
    return Wanted(**{**parts, **others})


@contextmanager
def running(version: str) -> Iterator[Server]:
    server = Server(GrafanaStandIn(version))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=VERSIONS)
def server(request) -> Iterator[Server]:
    with running(request.param) as server:
        yield server


@pytest.fixture
def newer() -> Iterator[Server]:
    with running(VERSIONS[-1]) as server:
        yield server


def settings(server: Server, **environ: str) -> GrafanaSettings:
    return GrafanaSettings.from_environ(
        {
            "GRAFANA_URL": server.url,
            "GRAFANA_TOKEN": TOKEN,
            "PASSAGE_DATABASE_READER": DATABASE,
            "PASSAGE_ALERTS_SUPERVISOR": "hall@example.org, chief@example.org",
            "PASSAGE_ALERTS_TECHNICIAN": "https://chat.example.org/hook",
            **environ,
        }
    )


def push(server: Server, what: Wanted | None = None, **environ: str) -> tuple[list[str], list[str]]:
    """Publish: the sentences of what changed, and all sentences."""
    said: list[str] = []
    changes = Changes(said.append)
    chosen = settings(server, **environ)
    with Grafana(chosen.url, chosen.credential) as grafana:
        publish(grafana, chosen, what or wanted(), changes)
    return changes.made, said


def refused(server: Server, **environ: str) -> str:
    with pytest.raises(GrafanaError) as error:
        push(server, **environ)
    return str(error.value)


def test_the_first_push_creates_everything_and_the_second_writes_nothing(server):
    made, said = push(server)
    assert made == [
        "created data source Passage",
        "created folder Passage",
        "created board Flux du jour (passage-flux-du-jour)",
        "created board Histoire (passage-histoire)",
        "created alert rule Alert passage-queue-long (passage-queue-long)",
        "created alert rule Alert passage-wait-long (passage-wait-long)",
        "created contact point Passage supervisor",
        "created contact point Passage technician",
        "changed notification policies for passage_route: routes",
    ]
    assert said == made
    state = server.grafana
    source = state.sources["passage"]
    assert (source["url"], source["user"], source["database"]) == (
        "db:5432",
        "passage_reader",
        "passage",
    )
    assert source["jsonData"]["database"] == "passage"
    assert source["jsonData"]["sslmode"] == "require"
    assert state.passwords == {"passage": "s3cret"}
    assert {b["meta"]["folderUid"] for b in state.boards.values()} == {"passage"}
    assert [r["for"] for r in state.rules.values()] == ["2m", "10m"]
    assert [route["receiver"] for route in state.policies["routes"]] == [
        "Passage technician",
        "Passage supervisor",
        "Passage technician",
    ]
    # Before 9.5 Grafana marks the tree as the API's, whatever it is asked.
    assert ("provenance" in state.policies) == server.grafana.version.startswith("9.4")
    state.writes.clear()
    assert push(server) == ([], [])
    assert state.writes == []
    assert {b["dashboard"]["version"] for b in state.boards.values()} == {1}


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("9.4.7", "postgres"),
        ("10.2.2", "postgres"),
        ("10.2.3", "grafana-postgresql-datasource"),
        ("12.0.2", "grafana-postgresql-datasource"),
    ],
)
def test_the_data_source_has_the_type_that_the_version_knows(version, kind):
    with running(version) as server:
        push(server)
        assert server.grafana.sources["passage"]["type"] == kind
        [panel] = server.grafana.boards["passage-flux-du-jour"]["dashboard"]["panels"]
        assert panel["targets"][0]["datasource"] == {"type": kind, "uid": "passage"}
        model = server.grafana.rules["passage-queue-long"]["data"][0]["model"]
        assert model["datasource"]["type"] == kind


def test_a_diff_shows_what_would_change_and_writes_nothing(newer):
    chosen = settings(newer)
    with Grafana(chosen.url, chosen.credential) as grafana:
        found = plan(grafana, grafana.version(), chosen, wanted())
    assert found.changes[0].sentence(would=True) == "would create data source Passage"
    shown = "\n".join(line for change in found.changes for line in change.diff())
    assert '+  "title": "Flux du jour"' in shown
    for secret in ("s3cret", "hall@example.org", "chat.example.org"):
        assert secret not in shown
    assert newer.grafana.writes == []


def test_what_changed_is_written_and_named(server):
    push(server)
    server.grafana.writes.clear()
    changed = wanted(
        boards=[board("passage-flux-du-jour", "Flux"), board("passage-histoire", "Histoire")],
        rules=[rule("passage-queue-long", "5m"), rule("passage-wait-long", "10m")],
    )
    made, _ = push(server, changed, PASSAGE_ALERTS_SUPERVISOR="other@example.org")
    assert made == [
        "changed board Flux (passage-flux-du-jour): title",
        "changed alert rule Alert passage-queue-long (passage-queue-long): for",
        "changed contact point Passage supervisor: settings",
    ]
    assert len(server.grafana.writes) == 3
    assert push(server, changed, PASSAGE_ALERTS_SUPERVISOR="other@example.org")[0] == []


def test_a_rotated_password_is_pushed_and_then_rests(newer):
    push(newer)
    rotated = DATABASE.replace("s3cret", "n3w")
    made, _ = push(newer, PASSAGE_DATABASE_READER=rotated)
    assert made == ["changed data source Passage: jsonData"]
    assert newer.grafana.passwords == {"passage": "n3w"}
    assert push(newer, PASSAGE_DATABASE_READER=rotated)[0] == []
    shown = str(newer.grafana.sources)
    assert "n3w" not in shown
    assert "s3cret" not in shown


def test_what_belongs_to_others_is_left_as_it_is(server):
    state = server.grafana
    theirs = {"uid": "x", "title": "Theirs", "tags": ["passage"], "id": 7, "version": 3}
    in_ours = {"uid": "y", "title": "A copy", "tags": [], "id": 8, "version": 1}
    meta = {"provisioned": False}
    state.boards["x"] = {
        "dashboard": theirs,
        "meta": {**meta, "folderUid": "people"},
        "message": "",
    }
    state.contact_points.append({"uid": "p", "name": "Pager", "type": "email", "settings": {}})
    state.policies["routes"] = [
        {"receiver": "Pager", "object_matchers": [["passage_route", "=", "technician"]]},
        {"receiver": "Pager", "object_matchers": [["team", "=", "a"]], "continue": True},
    ]
    push(server)
    state.boards["y"] = {
        "dashboard": in_ours,
        "meta": {**meta, "folderUid": "passage"},
        "message": "",
    }
    state.rules["theirs"] = {**rule("theirs"), "folderUID": "passage", "ruleGroup": "passage"}
    state.sources["passage"] |= {"name": "Hall", "isDefault": True}
    state.sources["passage"]["jsonData"]["maxOpenConns"] = 5
    before = copy.deepcopy((state.boards["x"], state.boards["y"], state.rules["theirs"]))
    push(
        server,
        PASSAGE_ALERTS_SUPERVISOR="other@example.org",
        PASSAGE_DATABASE_READER=f"{DATABASE}x",
    )
    assert before == (state.boards["x"], state.boards["y"], state.rules["theirs"])
    assert state.policies["group_by"] == ["grafana_folder", "alertname"]
    assert [route["receiver"] for route in state.policies["routes"][3:]] == ["Pager", "Pager"]
    assert state.policies["routes"][4]["continue"] is True
    source = state.sources["passage"]
    assert (source["name"], source["isDefault"]) == ("Hall", True)
    assert source["jsonData"]["maxOpenConns"] == 5


def test_a_board_of_ours_that_is_no_more_is_removed(newer):
    push(newer)
    made, _ = push(newer, wanted(boards=[board("passage-flux-du-jour")], rules=[]))
    assert made == [
        "removed board Histoire (passage-histoire)",
        "removed alert rule Alert passage-queue-long (passage-queue-long)",
        "removed alert rule Alert passage-wait-long (passage-wait-long)",
    ]
    assert list(newer.grafana.boards) == ["passage-flux-du-jour"]


def test_a_board_that_was_moved_is_moved_back_and_it_is_said(newer):
    push(newer)
    newer.grafana.boards["passage-histoire"]["meta"]["folderUid"] = "people"
    made, _ = push(newer)
    assert made == ["changed board Histoire (passage-histoire): moved back to the folder"]
    assert newer.grafana.boards["passage-histoire"]["meta"]["folderUid"] == "passage"


def test_a_board_that_grafana_rewrites_when_it_is_read_is_not_written_again(newer):
    push(newer)
    newer.grafana.rewrites_boards = True
    assert push(newer)[0] == []
    newer.grafana.boards["passage-histoire"]["message"] = "somebody saved it"
    assert [made.split(":")[0] for made in push(newer)[0]] == [
        "changed board Histoire (passage-histoire)"
    ]


def test_rules_keep_how_long_they_wait_where_the_group_has_another_interval(server):
    server.grafana.default_interval = 120
    push(server)
    assert server.grafana.intervals == {"passage": 60}
    assert [r["for"] for r in server.grafana.rules.values()] == ["2m", "10m"]
    assert push(server)[0] == []


def test_viewers_may_view_unless_somebody_said_who_may(newer):
    push(newer)
    admins = [{"userId": 1, "permission": 4, "inherited": False}]
    newer.grafana.permissions["passage"] = admins
    assert push(newer)[0] == ["changed permissions Passage: items, viewers may view"]
    assert {"role": "Viewer", "permission": 1} in newer.grafana.permissions["passage"]
    team = [*admins, {"teamId": 3, "permission": 1, "inherited": False}]
    newer.grafana.permissions["passage"] = team
    assert push(newer)[0] == []


def test_without_addresses_alerts_go_where_grafana_sends_them_and_it_is_said(newer):
    empty = {"PASSAGE_ALERTS_SUPERVISOR": "", "PASSAGE_ALERTS_TECHNICIAN": ""}
    made, said = push(newer, **empty)
    assert not any("policies" in sentence or "contact" in sentence for sentence in made)
    assert "routes" not in newer.grafana.policies
    assert "PASSAGE_ALERTS_SUPERVISOR and PASSAGE_ALERTS_TECHNICIAN not set" in said[-1]
    assert "grafana-default-email" in said[-1]


def test_what_comes_from_a_file_is_left_alone_and_it_is_said(newer):
    push(newer)
    newer.grafana.sources["passage"] |= {"readOnly": True, "user": "other"}
    newer.grafana.boards["passage-histoire"]["meta"]["provisioned"] = True
    newer.grafana.policies["provenance"] = "file"
    newer.grafana.writes.clear()
    made, said = push(newer)
    assert (made, newer.grafana.writes) == ([], [])
    assert [sentence.split(":")[0] for sentence in said] == [
        "left the data source as it is",
        "left board Histoire (passage-histoire) as it is",
        "left the notification policies as they are",
    ]


def test_a_data_source_that_reaches_no_database_is_a_warning(newer):
    newer.grafana.database_error = "db query error: relation does not exist"
    made, said = push(newer)
    assert len(made) == 9
    assert "relation does not exist" in said[-1]
    assert "PASSAGE_GRAFANA_DATABASE" in said[-1]


def test_user_and_password_do_as_well_as_a_token(newer):
    assert push(newer, GRAFANA_TOKEN="", GRAFANA_USER=USER, GRAFANA_PASSWORD=PASSWORD)[0]


def test_a_wrong_token_names_the_settings_and_never_shows_it(newer):
    text = refused(newer, GRAFANA_TOKEN="glsa_wr0ng")
    assert "401" in text
    assert "correct GRAFANA_TOKEN" in text
    assert "glsa_wr0ng" not in text


@pytest.mark.parametrize(
    ("path", "permission", "doing"),
    [
        ("/datasources", "datasources:create", "create data source Passage"),
        ("/folders", "folders:create", "create folder Passage"),
        ("/dashboards/db", "dashboards:write", "create board Flux du jour"),
        ("/v1/provisioning/alert-rules", "alert.provisioning:write", "create alert rule"),
    ],
)
def test_a_missing_permission_is_named(newer, path, permission, doing):
    newer.grafana.forbidden = {path: permission}
    text = refused(newer)
    assert f"cannot {doing}" in text
    assert text.endswith(f"give it {permission}")


def test_a_version_that_is_too_old_is_named_with_the_minimum():
    with running("9.3.11") as server:
        text = refused(server)
        assert "9.3.11" in text
        assert "9.4 or newer" in text
        assert server.grafana.writes == []


def test_without_alerting_nothing_is_written_and_the_way_round_works(newer):
    newer.grafana.has_alerting = False
    text = refused(newer)
    assert "[unified_alerting] enabled = true" in text
    assert "--no-alerts" in text
    assert newer.grafana.writes == []
    made, _ = push(newer, wanted(rules=None))
    assert len(made) == 4


def test_where_nothing_answers_it_says_so(newer):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    text = refused(newer, GRAFANA_URL=url)
    assert f"nothing answers at {url}" in text
    assert not find(url)


def test_what_is_no_grafana_is_told_from_one(newer):
    text = refused(newer, GRAFANA_URL=f"{newer.url}/elsewhere")
    assert "cannot look for Grafana" in text or "is not a Grafana" in text
    assert find(newer.url)
    assert not find(f"{newer.url}/elsewhere")


def test_a_server_that_never_answers_is_given_up(newer):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            Grafana(url, TOKEN, timeout_s=0.2) as grafana,
            pytest.raises(GrafanaError, match=r"did not answer within 0\.2 s"),
        ):
            grafana.version()


def test_a_server_without_tls_names_the_certificate(newer):
    url = newer.url.replace("http://", "https://")
    assert "GRAFANA_CA_FILE" in refused(newer, GRAFANA_URL=url)
