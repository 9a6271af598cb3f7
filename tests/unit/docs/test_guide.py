"""The supervisor's guide names what boards and alerts show: it cannot go stale unseen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.panels import boards, panels
from dashboards.alerts.rule import ROUTE_LABEL
from dashboards.alerts.rules import all_rules
from dashboards.catalogue import messages
from dashboards.steps import COVERAGE, WAIT_S

DOCS = Path(__file__).parents[3] / "docs"
TEXT = re.sub(
    r"<!--.*?-->", "", (DOCS / "guide-du-responsable.md").read_text("utf-8"), flags=re.DOTALL
)

EXPLAINED = {"passage-daily-flow", "passage-prefecture"}
PANELS = [panel.json["title"] for panel in panels() if panel.board["uid"] in EXPLAINED]
ALERTS = [rule["title"] for rule in all_rules("fr") if rule["labels"][ROUTE_LABEL] == "supervisor"]
BOARDS = [board["title"] for board in boards()]
SAID = {key: text["fr"] for key, text in messages().items()}
STATES = ("final", "provisional", "unknown", "closed")
ANSWERS = [text for key, text in SAID.items() if key.startswith("trust.trust.")] + [
    SAID[f"hour_states.{state}"] for state in STATES
]


def plain(text: str) -> str:
    """Without the difference between spaces that may break a line and those that may not."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("title", PANELS + ALERTS + BOARDS)
def test_each_panel_alert_and_board_has_its_line(title: str) -> None:
    assert f"| **{title}** |" in plain(TEXT)


@pytest.mark.parametrize("answer", ANSWERS)
def test_each_answer_on_trust_is_explained(answer: str) -> None:
    assert f"« {answer} »" in plain(TEXT)


def test_what_the_guide_names_is_on_a_board_or_in_an_alert() -> None:
    named = re.findall(r"« ([A-ZÀÉÈÊÎÔÛÇ].*?) »", plain(TEXT))
    assert len(named) > 10
    assert set(named) <= set(SAID.values())


def test_colours_begin_where_the_guide_says() -> None:
    watch, act = (int(value // 60) for value, _ in WAIT_S if value is not None)
    assert f"Orange à partir de {watch} minutes, vermillon à partir de {act}." in plain(TEXT)
    middle, fine = (int(value * 100) for value, _ in COVERAGE[2:] if value is not None)
    assert f"Orange sous {fine} %, vermillon sous {middle} %" in plain(TEXT)


def test_pictures_that_were_handed_over_are_shown_and_no_other() -> None:
    shown = set(re.findall(r"!\[[^]]+\]\(images/(.+?)\)", TEXT))
    handed_over = {f"{board['uid']}.png" for board in boards()} & {
        file.name for file in DOCS.glob("images/*.png")
    }
    assert shown == handed_over


def test_no_line_breaks_before_a_french_mark() -> None:
    assert not re.findall(r".{0,20}(?: [;:!?»%]|« |').{0,10}", TEXT)
