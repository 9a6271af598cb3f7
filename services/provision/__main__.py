"""`passage provision`: make an environment match the contracts, for people."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from services.provision import database as database_
from services.provision import registry as registry_
from services.provision import topics as topics_
from services.provision.settings import DatabaseSettings, RegistrySettings, TopicSettings
from services.provision.steps import step, with_remedy
from services.runtime.settings import with_local_stack

DEFAULT_REGISTRY = Path("deploy/registry.yaml")
_FILE = click.Path(dir_okay=False, path_type=Path)


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
@with_remedy
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
@with_remedy
def database(dry_run: bool) -> None:
    """Roles, database, extension, tables, views, and who may use them."""
    _database(_environ(), dry_run)


@provision.command()
@_dry_run
@with_remedy
def topics(dry_run: bool) -> None:
    """Topics with their partitions, retention and size limits."""
    _topics(_environ(), dry_run)


@provision.command()
@click.argument("file", type=_FILE)
@_dry_run
@with_remedy
def registry(file: Path, dry_run: bool) -> None:
    """Sites, directorates, services, queues, desks and devices, from FILE."""
    _registry(_environ(), file, dry_run)


def _environ() -> Mapping[str, str]:
    return with_local_stack(os.environ)


def _database(environ: Mapping[str, str], dry_run: bool) -> bool:
    """True when the database matched already."""
    urls = DatabaseSettings.from_environ(environ).urls
    return step("database", lambda report: database_.apply(urls, report, dry_run=dry_run))


def _topics(environ: Mapping[str, str], dry_run: bool) -> None:
    settings = TopicSettings.from_environ(environ)
    step(
        "topics",
        lambda report: topics_.apply(
            settings.brokers,
            settings.topic_prefix,
            report,
            replication=settings.replication_factor,
            dry_run=dry_run,
        ),
    )


def _registry(environ: Mapping[str, str], file: Path, dry_run: bool) -> None:
    url = RegistrySettings.from_environ(environ).database_owner.get_secret_value()
    today = datetime.now(UTC).date()
    step("registry", lambda report: registry_.load(url, file, today, report, dry_run=dry_run))


if __name__ == "__main__":
    provision(prog_name="python -m services.provision")
