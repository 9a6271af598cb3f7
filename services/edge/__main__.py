"""The command of a kiosk or a reception desk: `python -m services.edge`, or `passage edge`."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import click

# Loaded when named: a reception that records a ticket does not wait for what delivers it.
_MODULES = {
    "ticket": "services.edge.command_record",
    "check-in": "services.edge.command_record",
    "event": "services.edge.command_record",
    "run": "services.edge.command_run",
    "deliver": "services.edge.command_run",
    "status": "services.edge.command_status",
    "refused": "services.edge.command_status",
    "salvage": "services.edge.command_status",
    "day-key": "services.edge.command_day_key",
}


class _Commands(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _MODULES:
            return None
        module = import_module(_MODULES[name])
        return cast(click.Command, getattr(module, name.replace("-", "_")))


@click.group(cls=_Commands)
def edge() -> None:
    """Record what happens at a kiosk or a reception desk, and deliver it over any network.

    Every event is written to this device's outbox before the command says so, and leaves it when
    the broker has it: `run` (or `deliver`, once) sees to that.

    \b
    Settings: PASSAGE_DEVICE, PASSAGE_SITE, PASSAGE_OUTBOX, PASSAGE_KAFKA (docs/kiosk.md).
    Exit codes: 0 done, 1 failed (the message says the remedy), 2 wrong use.

    \b
    Example:
      export PASSAGE_DEVICE=etr-borne-1 PASSAGE_SITE=creteil-etrangers PASSAGE_KAFKA=kafka:9092
      passage edge ticket --queue etr-sejour --number S042 --directorate dmi --service sejour
      passage edge deliver
    """


if __name__ == "__main__":
    edge(prog_name="python -m services.edge")
