"""`passage stack`: the local Kafka and TimescaleDB, for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from services.stack.errors import StackError
from services.stack.report import ConsoleReport
from services.stack.settings import StackSettings, project_folder
from services.stack.stack import Stack

P = ParamSpec("P")


def _with_remedy(command: Callable[P, None]) -> Callable[P, None]:
    """Show what a person can mend as a sentence, and end with 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except StackError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)
        except PermissionError as error:
            click.echo(f"Error: {error}; run this as the user that started the stack", err=True)
            sys.exit(1)

    return run


def _stack() -> Stack:
    settings = StackSettings.from_environ(os.environ, project=project_folder(Path.cwd()))
    return Stack(settings.home, settings.kafka_port, settings.postgres_port)


@click.group(name="stack")
def stack() -> None:
    """A real Kafka and TimescaleDB on this machine, without Docker.

    \b
    Settings, from the environment:
      PASSAGE_HOME           folder of all data   (.data in the project)
      PASSAGE_KAFKA_PORT     Kafka's port         (19092; the next one is taken too)
      PASSAGE_POSTGRES_PORT  TimescaleDB's port   (15432)
    """


@stack.command()
@_with_remedy
def up() -> None:
    """Install what is missing, start both servers, wait until they answer."""
    local = _stack()
    local.up(ConsoleReport())
    click.echo(f"Addresses and passwords: {local.env_file}")


@stack.command()
@_with_remedy
def down() -> None:
    """Stop both servers; their data stays."""
    _stack().down(ConsoleReport())


@stack.command()
@_with_remedy
def status() -> None:
    """Show what runs, where, and since which log."""
    local = _stack()
    rows = [("SERVER", "STATE", "ADDRESS", "PID", "LOG")]
    for name, address, pid, log in (
        ("Kafka", local.kafka.bootstrap, local.kafka.pid, local.kafka.log),
        ("TimescaleDB", local.postgres.address, local.postgres.pid, local.postgres.log),
    ):
        state, shown_pid = ("running", str(pid)) if pid else ("stopped", "-")
        rows.append((name, state, address, shown_pid, str(log)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@stack.command()
@_with_remedy
def clean() -> None:
    """Stop both servers and remove their data, passwords and jars."""
    _stack().clean(ConsoleReport())


if __name__ == "__main__":
    stack(prog_name="python -m services.stack")
