"""What the commands of provisioning share: errors as sentences, and one line at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from services.provision.errors import ProvisionError
from services.provision.report import Report
from services.runtime.database import DatabaseUnavailable
from services.runtime.settings import InvalidSetting

P = ParamSpec("P")


def with_remedy(command: Callable[P, None]) -> Callable[P, None]:
    """Show what went wrong as a sentence: a wrong setting ends with 2, everything else with 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except InvalidSetting as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(2)
        except (ProvisionError, DatabaseUnavailable) as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)

    return run


def step(name: str, work: Callable[[Report], list[str]]) -> bool:
    """Print each sentence as it comes, then how long it took; True when nothing had to change."""
    started = time.monotonic()
    changes = work(lambda sentence: click.echo(f"{name}: {sentence}"))
    took = f"{time.monotonic() - started:.1f} s"
    count = f"{len(changes)} change{'s' if len(changes) > 1 else ''}"
    click.echo(f"{name}: {count if changes else 'nothing to change'} ({took})")
    return not changes
