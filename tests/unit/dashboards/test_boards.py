"""What holds for every board: texts, units, places, colours, and the JSON that is committed."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.panels import Panel, boards, directorates, panels
from dashboards.__main__ import FOLDER, REGISTRY, dashboards, rendered
from dashboards.catalogue import LANGUAGES, Catalogue, messages
from dashboards.palette import UNKNOWN, directorate_colours

GRAFANA_9_4 = {
    "barchart",
    "bargauge",
    "heatmap",
    "piechart",
    "stat",
    "state-timeline",
    "table",
    "text",
    "timeseries",
}
UIDS = {
    "passage-daily-flow",
    "passage-directorate-flow",
    "passage-pipeline",
    "passage-prefecture",
}


PANELS = list(panels())


def test_the_four_boards_keep_their_addresses() -> None:
    assert {board["uid"] for board in boards()} == UIDS


def test_the_committed_files_are_what_the_code_draws() -> None:
    committed = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}
    assert committed == rendered("fr", REGISTRY)


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: Panel) -> None:
    assert panel.json["title"].strip()
    assert len(panel.json["description"]) > 30
    if panel.json["type"] not in ("text", "table"):
        assert panel.json["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_a_panel_is_of_a_kind_that_every_supported_grafana_knows(panel: Panel) -> None:
    assert panel.json["type"] in GRAFANA_9_4


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_what_is_not_known_does_not_read_zero(panel: Panel) -> None:
    if panel.json["type"] != "text":
        assert panel.json["fieldConfig"]["defaults"]["noValue"] not in ("", "0")


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_what_is_not_known_has_no_colour_of_a_count(panel: Panel) -> None:
    """Grafana gives null the colour of the lowest step, unless a mapping has another."""
    config = panel.json["fieldConfig"]
    overrides = [
        {one["id"]: one["value"] for one in override["properties"]}
        for override in config["overrides"]
    ]
    stepped = [properties for properties in overrides if "thresholds" in properties]
    if panel.json["type"] == "stat":
        stepped.append(config["defaults"])
    assert all(_nulls(properties)["color"] == UNKNOWN for properties in stepped)
    if panel.json["type"] == "state-timeline":
        assert not _nulls(config["defaults"]), "a null with a mapping is drawn as a state"


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_labels_below_bars_can_be_read(panel: Panel) -> None:
    if panel.json["type"] == "barchart":
        assert panel.json["options"]["xTickLabelMaxLength"] >= 40


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_a_board_of_one_site_is_not_sent_several(board: dict[str, Any]) -> None:
    [site] = [one for one in board["templating"]["list"] if one["name"] == "site"]
    [link] = board["links"]
    assert link["includeVars"] is not site["multi"]


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_a_panel_asks_the_one_data_source(panel: Panel) -> None:
    asked = {target["datasource"]["uid"] for target in panel.json.get("targets", [])}
    assert asked <= {"passage"}
    assert asked or panel.json["type"] == "text"
    references = [target["refId"] for target in panel.json.get("targets", [])]
    assert len(set(references)) == len(references)


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_no_panel_lies_on_another_or_beside_the_page(board: dict[str, Any]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]


def test_a_directorate_has_one_colour_everywhere() -> None:
    colours = directorate_colours(directorates())
    drawn = defaultdict(set)
    for panel in panels():
        for override in panel.json["fieldConfig"]["overrides"]:
            code = str(override["matcher"]["options"]).lower()
            for one in override["properties"]:
                if code in colours and one["id"] == "color":
                    drawn[code].add(one["value"]["fixedColor"])
    assert drawn == {code: {colour} for code, colour in colours.items()}
    assert len(set(colours.values())) == len(colours)


def test_a_directorate_keeps_its_colour_when_another_is_added() -> None:
    before = directorate_colours(directorates())
    after = directorate_colours([*directorates(), "prefet"])
    assert before.items() <= after.items()


@pytest.mark.parametrize("key", list(messages()))
def test_a_text_is_there_in_every_language(key: str) -> None:
    assert set(messages()[key]) == set(LANGUAGES)
    assert all(text.strip() for text in messages()[key].values())


def test_no_text_is_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()
    answer = Catalogue.__call__

    def remember(self: Catalogue, key: str, **values: str) -> str:
        asked.add(key)
        return answer(self, key, **values)

    monkeypatch.setattr(Catalogue, "__call__", remember)
    boards()
    assert {key for key in messages() if not key.startswith("alerts.")} - asked == set()


def test_only_texts_differ_between_languages() -> None:
    french, english = boards("fr"), boards("en")
    for in_french, in_english in zip(french, english, strict=True):
        assert in_french["title"] != in_english["title"]
        assert [panel["id"] for panel in in_french["panels"]] == [
            panel["id"] for panel in in_english["panels"]
        ]
        assert _queries(in_french) == _queries(in_english)


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        dashboards, ["render", "--to", str(tmp_path), "--registry", str(REGISTRY)]
    )
    assert result.exit_code == 0
    assert {file.stem for file in tmp_path.iterdir()} == UIDS
    again = CliRunner().invoke(
        dashboards, ["render", "--to", str(tmp_path), "--registry", str(REGISTRY)]
    )
    assert "wrote" not in again.output


def _nulls(config: dict[str, Any]) -> dict[str, Any]:
    found = [
        mapping["options"]["result"]
        for mapping in config.get("mappings", [])
        if mapping["type"] == "special" and mapping["options"]["match"] == "null"
    ]
    return found[0] if found else {}


def _queries(board: dict[str, Any]) -> str:
    return json.dumps([panel.get("targets") for panel in board["panels"]])
