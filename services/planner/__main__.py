"""`python -m services.planner`; also `passage history` and `passage waits`."""

from __future__ import annotations

import click

from services.planner.history_command import history
from services.planner.waits_command import waits


@click.group(name="planner")
def group() -> None:
    """Ask the history."""


for command in (history, waits):
    group.add_command(command)

if __name__ == "__main__":
    group(prog_name="python -m services.planner")
