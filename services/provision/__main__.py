"""`passage provision`: make an environment match the contracts, for people."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from services.provision import database as database_
from services.provision import registry as registry_
from services.provision import topics as topics_
from services.provision.errors import ProvisionError
from services.provision.report import Report
from services.provision.settings import DatabaseSettings, RegistrySettings, TopicSettings
from services.runtime.database import DatabaseUnavailable
from services.runtime.settings import InvalidSetting, with_local_stack

P = ParamSpec("P")

DEFAULT_REGISTRY = Path("deploy/registry.yaml")
_FILE = click.Path(dir_okay=False, path_type=Path)


def _with_remedy(command: Callable[P, None]) -> Callable[P, None]:
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


_dry_run = click.option(
    "--dry-run", is_flag=True, help="Say what would change, and change nothing."
)


@click.group(name="provision")
def provision() -> None:
    """Make an environment match the contracts: database, topics, registry.

    Everything can be repeated: what matches already is left as it is.

    \b
    Settings, from the environment (else from the local stack, when it was started):
      PASSAGE_DATABASE_OWNER      postgresql://user:password@host:port/database
      PASSAGE_DATABASE_WRITER     the processor's
      PASSAGE_DATABASE_READER     Grafana's and the planner's
      PASSAGE_DATABASE_ADMIN      makes the database and the three roles; without it
                                  they must be there already
      PASSAGE_KAFKA               host:port[,host:port]
      PASSAGE_TOPIC_PREFIX        what the names of topics begin with (nothing)
      PASSAGE_REPLICATION_FACTOR  copies of each message (3, or the number of brokers)

    \b
    Ends with
      0  when the environment matches, or a dry run has told what is missing;
      1  when something could not be done: the message says what, and the remedy;
      2  when the command or a setting is wrong.
    """


@provision.command(name="all")
@click.argument("file", type=_FILE, default=DEFAULT_REGISTRY)
@_dry_run
@_with_remedy
def everything(file: Path, dry_run: bool) -> None:
    """Database, topics, and the registry in FILE (deploy/registry.yaml), in this order."""
    environ = _environ()
    matched = _database(environ, dry_run)
    _topics(environ, dry_run)
    if dry_run and not matched:
        click.echo(f"registry: would load {file}; how it differs can be told once the database is")
    else:
        _registry(environ, file, dry_run)


@provision.command()
@_dry_run
@_with_remedy
def database(dry_run: bool) -> None:
    """Roles, database, extension, tables, views, and who may use them."""
    _database(_environ(), dry_run)


@provision.command()
@_dry_run
@_with_remedy
def topics(dry_run: bool) -> None:
    """Topics with their partitions, retention and size limits."""
    _topics(_environ(), dry_run)


@provision.command()
@click.argument("file", type=_FILE)
@_dry_run
@_with_remedy
def registry(file: Path, dry_run: bool) -> None:
    """Sites, directorates, services, queues, desks and devices, from FILE."""
    _registry(_environ(), file, dry_run)


def _environ() -> Mapping[str, str]:
    return with_local_stack(os.environ)


def _database(environ: Mapping[str, str], dry_run: bool) -> bool:
    """True when the database matched already."""
    urls = DatabaseSettings.from_environ(environ).urls
    return _step("database", lambda report: database_.apply(urls, report, dry_run=dry_run))


def _topics(environ: Mapping[str, str], dry_run: bool) -> None:
    settings = TopicSettings.from_environ(environ)
    _step(
        "topics",
        lambda report: topics_.apply(
            settings.kafka,
            settings.topic_prefix,
            report,
            replication=settings.replication_factor,
            dry_run=dry_run,
        ),
    )


def _registry(environ: Mapping[str, str], file: Path, dry_run: bool) -> None:
    url = RegistrySettings.from_environ(environ).database_owner.get_secret_value()
    today = datetime.now(UTC).date()
    _step("registry", lambda report: registry_.load(url, file, today, report, dry_run=dry_run))


def _step(name: str, work: Callable[[Report], list[str]]) -> bool:
    """Print each sentence as it comes, then how long it took; True when nothing had to change."""
    started = time.monotonic()
    changes = work(lambda sentence: click.echo(f"{name}: {sentence}"))
    took = f"{time.monotonic() - started:.1f} s"
    count = f"{len(changes)} change{'s' if len(changes) > 1 else ''}"
    click.echo(f"{name}: {count if changes else 'nothing to change'} ({took})")
    return not changes


if __name__ == "__main__":
    provision(prog_name="python -m services.provision")
