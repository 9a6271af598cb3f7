from __future__ import annotations

import re
from typing import Any

import pytest

from dashboards.alerts.rule import INTERVAL_S
from dashboards.alerts.rules import all_rules
from dashboards.boards import all_boards
from dashboards.catalogue import LANGUAGES, Language
from schemas.queries import load_queries

RULES = {language: all_rules(language) for language in LANGUAGES}
EVERY = pytest.mark.parametrize("rule", RULES["fr"] + RULES["en"], ids=lambda rule: rule["title"])


def test_every_query_has_its_rule_and_every_rule_its_own_uid() -> None:
    names = {name.replace("_", "-") for name in load_queries("dashboards.alerts")}
    for rules in RULES.values():
        uids = [rule["uid"] for rule in rules]
        assert {uid.removeprefix("passage-") for uid in uids} == names
        assert len(set(uids)) == len(uids)
        assert len({rule["title"] for rule in rules}) == len(rules), "unique in a folder"


@EVERY
def test_a_rule_is_one_that_grafana_takes(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", rule["uid"])
    assert re.fullmatch(r"0s|[1-9]\d?m", rule["for"]), "as Grafana writes it back"
    assert rule["labels"]["passage_route"] in ("supervisor", "technician")
    query, condition = rule["data"]
    assert condition["refId"] == rule["condition"]
    assert condition["model"]["expression"] == f"${query['refId']} > 0"
    assert INTERVAL_S % 10 == 0
    # Macros and variables of boards are not expanded, or not in the same way, in an alert.
    assert "$" not in query["model"]["rawSql"]


@EVERY
def test_a_rule_says_what_is_wrong_and_leads_to_a_board(rule: dict[str, Any]) -> None:
    texts = rule["annotations"]
    assert not re.search(r"(?<!\{)\{[a-z_]+\}", texts["summary"]), "a name without its value"
    columns = set(re.findall(r"\$labels\.(\w+)", texts["summary"] + texts["description"]))
    returned = rule["data"][0]["model"]["rawSql"]
    assert all(re.search(rf"\b{column}\b", returned) for column in columns)
    [uid] = re.findall(r"\{\{ externalURL \}\}d/([\w-]+)", texts["description"])
    boards = {board["uid"]: board for board in all_boards("fr", ["dcl"])}
    assert uid in boards
    for variable in re.findall(r"var-(\w+)=", texts["description"]):
        assert variable in [v["name"] for v in boards[uid]["templating"]["list"]]


@EVERY
def test_a_rule_whose_query_fails_claims_nothing(rule: dict[str, Any]) -> None:
    """DatasourceError has the annotations of its rule, and no value or label for them."""
    for text in (rule["annotations"]["summary"], rule["annotations"]["description"]):
        parts = re.fullmatch(r"\{\{ if \$values\.A \}\}(.+)\{\{ else \}\}(.+)\{\{ end \}\}", text)
        assert parts
        assert "{{" not in parts[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_own_words(language: Language) -> None:
    others = [rules for other, rules in RULES.items() if other != language]
    for rule, other in zip(RULES[language], others[0], strict=True):
        assert rule["title"] != other["title"]
        assert {**rule, "title": "", "annotations": {}} == {**other, "title": "", "annotations": {}}
