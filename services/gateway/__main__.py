"""The gateway's commands: `python -m services.gateway`, or `passage gateway`."""

from __future__ import annotations

import click

from services.gateway.command_serve import serve, status
from services.gateway.command_token import token


@click.group()
def gateway() -> None:
    """Take events in over HTTP from systems that cannot speak Kafka (docs/gateway.md)."""


gateway.add_command(serve)
gateway.add_command(status)
gateway.add_command(token)


if __name__ == "__main__":
    gateway(prog_name="python -m services.gateway")
