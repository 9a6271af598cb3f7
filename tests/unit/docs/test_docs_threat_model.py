"""The threat model names tests that exist, and every attacker has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
TEXT = (PROJECT / "docs" / "threat-model.md").read_text(encoding="utf-8")
TESTS = {
    name
    for file in (PROJECT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE)
}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition("## Who, what")[2].partition("## What is not")[0].splitlines()
    if line.startswith("|") and "---" not in line and "shown by" not in line
]


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) > 40
    assert named <= TESTS


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_whatever_is_stopped_is_shown_by_a_test(row: list[str]) -> None:
    assert len(row) == 3
    assert row[1]
    assert re.search(r"`test_\w+`", row[2])


def test_every_attacker_has_a_part() -> None:
    parts = re.findall(r"^### (.*)$", TEXT, re.MULTILINE)
    for who in ("kiosk", "network", "agent", "planner", "Grafana", "mistakes", "vendor", "stop"):
        assert any(who in part for part in parts), who
