"""Ratios of speeds: printed at the end, and said aloud when one has fallen; never an error."""

from __future__ import annotations

from typing import Any

import pytest

RATIOS = pytest.StashKey[list[str]]()


@pytest.fixture
def ratio_lines(pytestconfig: pytest.Config) -> list[str]:
    """Lines to print at the end of the session."""
    return pytestconfig.stash.setdefault(RATIOS, [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the ratios."""
    lines = config.stash.get(RATIOS, None)
    if lines:
        terminalreporter.section("speed")
        for line in lines:
            terminalreporter.write_line(line, yellow="WARNING" in line)
