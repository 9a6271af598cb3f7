"""`python -m services.doctor`; also `passage doctor`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from services.doctor.catalogue import CHECKS
from services.doctor.deployment import Deployment
from services.doctor.examination import examine
from services.doctor.findings import exit_code
from services.doctor.screen import print_table, write_json
from services.doctor.settings import DoctorSettings
from services.runtime.settings import InvalidSetting, with_local_stack

_LIST = "\n".join(f"  {check.name:<13} {check.asks}" for check in CHECKS)
_HELP = f"""Look at a deployment, and say what is wrong and what to do.

Changes nothing: every session is read-only. What cannot be looked at with the settings that are
there is skipped, and says why; PASSAGE_DATABASE_READER alone is enough for most of it.

\b
Checks:
{_LIST}

\b
Settings, from the environment (else from the local stack, when it was started):
  PASSAGE_DATABASE_OWNER, _WRITER, _READER, _ADMIN
                              postgresql://user:password@host:port/database
  PASSAGE_KAFKA               host:port[,host:port]; PASSAGE_KAFKA_… as for the services
  PASSAGE_TOPIC_PREFIX        what the names of topics begin with (nothing)
  PASSAGE_REPLICATION_FACTOR  copies of each message (3, or the number of brokers)
  GRAFANA_URL                 where the boards are

\b
Ends with
  0  when nothing is wrong, or there are warnings only;
  1  when there is a problem;
  2  when the command or a setting is wrong.
"""


@click.command(help=_HELP)
@click.option(
    "--check",
    "names",
    multiple=True,
    metavar="NAME",
    type=click.Choice([check.name for check in CHECKS]),
    help="Only this one; can be repeated.",
)
@click.option(
    "--registry",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that should be loaded.",
)
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(min=0.5),
    default=5.0,
    show_default=True,
    help="Seconds for one answer of a server.",
)
def doctor(names: tuple[str, ...], registry: Path | None, format_: str, patience_s: float) -> None:
    environ = with_local_stack(os.environ)
    try:
        deployment = Deployment(DoctorSettings.from_environ(environ), environ, registry, patience_s)
        examined = examine([c for c in CHECKS if not names or c.name in names], deployment)
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    (print_table if format_ == "table" else write_json)(examined, sys.stdout)
    sys.exit(exit_code(finding for _, finding in examined))


if __name__ == "__main__":
    doctor(prog_name="python -m services.doctor")
