"""The command of the adapters: `python -m services.adapters`, or `passage adapters`."""

from __future__ import annotations

import click

from services.adapters.command_check import check
from services.adapters.command_pull import pull


@click.group()
def adapters() -> None:
    """Vendors' webhooks and CSV exports, made into events by a mapping (docs/adapters.md).

    \b
    Exit codes: 0 done, 1 something was refused or failed, 2 wrong use or mapping.

    \b
    Examples:
      passage adapters check qminder.yaml samples/*.json --registry deploy/registry.yaml
      passage adapters pull nogent.yaml --dry-run
    """


adapters.add_command(check)
adapters.add_command(pull)

if __name__ == "__main__":
    adapters(prog_name="python -m services.adapters")
