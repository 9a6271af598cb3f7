"""What a person or a program reads: a table, or JSON."""

from __future__ import annotations

import json
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.doctor.examination import Examined
from services.doctor.findings import State

_STYLES = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.PROBLEM: "bold red",
    State.SKIPPED: "dim",
}
_WITHOUT_TERMINAL = 160


def print_table(examined: Examined, stream: TextIO) -> None:
    """One line for each finding with its remedy below, then how many there are of each state."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Check", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("What, and what to do", overflow="fold")
    before = None
    for name, finding in examined:
        words = Text(finding.sentence)
        if finding.remedy:
            words.append(f"\n→ {finding.remedy}")
        state = Text(finding.state, style=_STYLES[finding.state])
        table.add_row(name if name != before else "", state, words)
        before = name
    width = None if stream.isatty() else _WITHOUT_TERMINAL
    console = Console(file=stream, width=width, highlight=False)
    console.print(table)
    console.print(_summary(examined))


def _summary(examined: Examined) -> str:
    states = [finding.state for _, finding in examined]
    return ", ".join(f"{states.count(state)} {state}" for state in State if states.count(state))


def write_json(examined: Examined, stream: TextIO) -> None:
    """An array of objects: check, state, sentence, remedy."""
    found = [
        {
            "check": name,
            "state": finding.state,
            "sentence": finding.sentence,
            "remedy": finding.remedy,
        }
        for name, finding in examined
    ]
    stream.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
