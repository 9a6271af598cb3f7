from __future__ import annotations

import pytest

from services.provision.grafana.alerting import (
    contact_points,
    plan_contact_points,
    plan_policies,
    plan_rules,
)
from services.provision.grafana.boards import FoundBoard, plan_boards, plan_permissions, signature
from services.provision.grafana.change import Change
from services.provision.grafana.data_source import fitted, plan, wanted
from services.provision.grafana.password import digest, matches
from services.runtime.database import DatabaseUrl

LABEL = "passage_route"
NEW, OLD = (12, 0, 0), (9, 4, 7)
URL = DatabaseUrl.parse("postgresql://reader:s3cret@db/passage")
SALT = b"12345678"


def written() -> dict:
    """The data source as Grafana gives it back after it was created."""
    [change] = plan(None, wanted(URL, NEW), "s3cret", SALT)
    assert change.after is not None
    return {
        **change.after,
        "id": 3,
        "orgId": 1,
        "version": 1,
        "secureJsonFields": {"password": True},
    }


def test_a_data_source_that_reads_back_as_it_was_sent_is_left_alone():
    assert plan(written(), wanted(URL, NEW), "s3cret", b"another") == []


@pytest.mark.parametrize("change", [{"type": "postgres"}, {"database": ""}, {"name": "Hall"}])
def test_what_grafana_or_people_may_call_otherwise_is_no_difference(change):
    assert plan({**written(), **change}, wanted(URL, NEW), "s3cret", SALT) == []


def test_a_data_source_that_lost_its_database_gets_it_back():
    lost = written()
    lost["jsonData"] = {**lost["jsonData"], "database": ""}
    [change] = plan(lost, wanted(URL, NEW), "s3cret", SALT)
    assert change.fields == ["jsonData"]
    assert change.after is not None
    assert change.after["jsonData"]["database"] == "passage"


def test_a_mark_is_of_one_password_only():
    mark = digest("s3cret", SALT)
    assert matches("s3cret", mark)
    assert not matches("s3cret2", mark)
    assert not matches("s3cret", "")
    assert not matches("s3cret", "no digest")


def test_the_type_is_fitted_where_the_data_source_is_ours():
    ours, theirs = {"uid": "passage", "type": "postgres"}, {"uid": "x", "type": "postgres"}
    board = {"panels": [{"datasource": ours, "targets": [{"datasource": theirs}]}]}
    [panel] = fitted(board, NEW)["panels"]
    assert panel["datasource"]["type"] == "grafana-postgresql-datasource"
    assert panel["targets"][0]["datasource"] == theirs
    assert fitted(board, OLD) == board


def test_a_board_is_compared_without_what_grafana_counts():
    board = {"uid": "passage-a", "title": "A", "tags": ["passage"]}
    there = FoundBoard({**board, "id": 7, "version": 12}, "passage")
    assert plan_boards([board], {"passage-a": there}) == []
    edited = FoundBoard({**board, "title": "B", "id": 7, "version": 13}, "passage")
    [change] = plan_boards([board], {"passage-a": edited})
    assert change.fields == ["title"]
    ours = FoundBoard(edited.dashboard, "passage", message=signature(board))
    assert plan_boards([board], {"passage-a": ours}) == []


@pytest.mark.parametrize(
    ("folder", "tags", "removed"),
    [("passage", ["passage"], True), ("other", ["passage"], False), ("passage", [], False)],
)
def test_only_a_board_with_our_tag_in_our_folder_is_removed(folder, tags, removed):
    there = FoundBoard({"uid": "passage-old", "title": "Old", "tags": tags}, folder)
    assert bool(plan_boards([], {"passage-old": there})) is removed


@pytest.mark.parametrize(
    ("items", "opened"),
    [
        ([], True),
        ([{"userId": 1, "permission": 4}], True),
        ([{"role": "Editor", "permission": 2}], True),
        ([{"role": "Viewer", "permission": 1}], False),
        ([{"role": "Viewer", "permission": 1, "inherited": True}], False),
        ([{"teamId": 5, "permission": 1}], False),
        ([{"userId": 9, "permission": 1}], False),
    ],
)
def test_a_folder_is_opened_to_viewers_only_when_nobody_else_may_look(items, opened):
    changes = plan_permissions(items)
    assert bool(changes) is opened
    for change in changes:
        assert change.after is not None
        assert change.after["items"] == [*items, {"role": "Viewer", "permission": 1}]


def test_the_policies_of_others_stay_in_order_and_byte_for_byte():
    others = [
        {"receiver": "Pager", "object_matchers": [[LABEL, "=", "technician"]], "continue": True},
        {"receiver": "Mail", "match": {"team": "a"}, "routes": [{"receiver": "Pager"}]},
    ]
    tree = {"receiver": "Default", "group_by": ["x"], "routes": others, "repeat_interval": "1h"}
    [change] = plan_policies(LABEL, ["supervisor"], tree)
    after = change.after
    assert after is not None
    assert after["routes"][1:] == others
    assert {**after, "routes": others} == tree
    assert plan_policies(LABEL, ["supervisor"], after) == []
    [second] = plan_policies(LABEL, ["supervisor", "technician"], after)
    assert second.after is not None
    assert second.after["routes"][3:] == others


def test_a_policy_that_grafana_writes_with_its_defaults_is_the_same():
    [change] = plan_policies(LABEL, ["technician"], {"receiver": "Default"})
    assert change.after is not None
    read_back = [
        {**route, "continue": False, "mute_time_intervals": None, "routes": None}
        for route in change.after["routes"]
    ]
    read_back[0]["object_matchers"] = read_back[0]["object_matchers"][::-1]
    assert plan_policies(LABEL, ["technician"], {**change.after, "routes": read_back}) == []


def test_without_receivers_the_policies_are_left_alone():
    assert plan_policies(LABEL, [], {"receiver": "Default"}) == []


def test_a_rule_of_people_in_our_group_is_left_alone():
    place = {"folderUID": "passage", "ruleGroup": "passage"}
    found = {
        "theirs": {"uid": "theirs", **place},
        "passage-elsewhere": {"uid": "passage-elsewhere", "folderUID": "x", "ruleGroup": "x"},
        "passage-old": {"uid": "passage-old", **place},
    }
    assert [change.name for change in plan_rules([], found)] == [" (passage-old)"]


def test_a_secret_setting_counts_as_equal_and_another_address_does_not():
    [point] = contact_points({"technician": "https://chat/hook"})
    read_back = {**point, "settings": {**point["settings"], "url": "[REDACTED]"}}
    assert plan_contact_points([point], [{**read_back, "provenance": "api"}]) == []
    [other] = contact_points({"technician": "a@b.fr"})
    assert plan_contact_points([other], [point])[0].fields == ["settings", "type"]


def test_addresses_are_in_no_diff():
    [point] = contact_points({"technician": "https://chat/s3cret"})
    shown = "\n".join(Change("contact point", "x", None, point).diff())
    assert "s3cret" not in shown
    assert "httpMethod" in shown
