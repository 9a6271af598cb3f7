"""`make audit` tells what is known, and says when nothing could be known."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

FLAW = {"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}


def package(name: str, **said: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", **({"vulns": []} | said)}


@pytest.fixture
def summary(project: Path) -> Any:
    return runpy.run_path(str(project / "deploy" / "local" / "audit.py"))["summary"]


def test_a_known_vulnerability_is_named_with_its_mend(summary: Any) -> None:
    lines, is_hurt = summary({"dependencies": [package("a", vulns=[FLAW]), package("b")]})
    assert is_hurt
    assert lines == [
        "a 1.0: PYSEC-1, CVE-2026-1; mended in 1.1",
        "audit: 1 of 2 packages have a known vulnerability; take newer ones with `make lock`",
    ]


@pytest.mark.parametrize(
    "found",
    [None, {"dependencies": []}, {"dependencies": [{"name": "a", "skip_reason": "not found"}]}],
)
def test_silence_is_no_verdict(summary: Any, found: Any) -> None:
    lines, is_hurt = summary(found)
    assert not is_hurt
    assert lines == ["audit: no service of vulnerabilities answers here; nothing was looked at"]


def test_what_was_not_looked_at_is_said(summary: Any) -> None:
    lines, is_hurt = summary(
        {"dependencies": [package("a"), {"name": "b", "skip_reason": "not found"}]}
    )
    assert not is_hurt
    assert lines == ["audit: 0 of 1 packages have a known vulnerability; 1 could not be looked at"]


def test_the_gate_tells_and_does_not_stop(project: Path) -> None:
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    assert "deploy/local/audit.py || true" in makefile
