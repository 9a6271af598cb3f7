"""`passage demo`: from nothing to the hourly flow of a simulated day, on this machine."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.progress import Progress

from schemas.topics import SOURCES
from services.demo.boards import publish_boards
from services.demo.drain import NotDrained, drain
from services.demo.worker import BackgroundWorker
from services.planner.flow import ask
from services.planner.period import Period
from services.planner.question import Question
from services.planner.terminal import grid, grid_table
from services.planner.totals import totals
from services.provision import database, topics
from services.provision import registry as reference
from services.provision.errors import ProvisionError
from services.provision.registry_file import read as read_registry
from services.runtime.database import DatabaseUnavailable, connect
from services.runtime.settings import InvalidSetting
from services.simulator import screen
from services.simulator.opening import opening
from services.simulator.play import PlayError, play
from services.simulator.simulation import Simulation, generate
from services.stack import Stack, StackError
from services.stack.report import ConsoleReport
from services.stack.settings import StackSettings, project_folder

GROUP = "passage-processor"
TIME_ZONE = "Europe/Paris"
_DEMO_ERRORS = (
    StackError,
    ProvisionError,
    DatabaseUnavailable,
    PlayError,
    NotDrained,
    InvalidSetting,
)


def _stack_and_project() -> tuple[Stack, Path]:
    project = project_folder(Path.cwd())
    settings = StackSettings.from_environ(os.environ, project=project)
    return Stack(settings.home, settings.kafka_port, settings.postgres_port), project


@contextmanager
def _with_remedy() -> Iterator[None]:
    try:
        yield
    except _DEMO_ERRORS as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--seed", default=94, show_default=True, help="Another seed is another day.")
@click.option("--scale", default=1.0, show_default=True, help="How busy, against the real hall.")
def demo(seed: int, scale: float) -> None:
    """Start everything on this machine, play one simulated day, show its hourly flow.

    Starts a local Kafka and TimescaleDB (ports by PASSAGE_KAFKA_PORT and PASSAGE_POSTGRES_PORT),
    loads deploy/registry.yaml, starts a processor, plays the latest open day through the real
    devices, and holds the counts against the truth. Playing it again changes no count.

    Exit codes: 0 the totals are equal, 1 they differ or a step failed.
    """
    stack, project = _stack_and_project()
    worker = BackgroundWorker(stack.home)
    report = ConsoleReport()
    with _with_remedy():
        stack.up(report)
        environ = stack.environ()
        _provision(environ, project / "deploy" / "registry.yaml", report)
        with report("Starting the processor") as step:
            if worker.is_running():
                step.note("already running")
            worker.start(
                {key: environ[key] for key in ("PASSAGE_KAFKA", "PASSAGE_DATABASE_WRITER")}
            )
        simulation = _simulate(project / "deploy" / "registry.yaml", seed, scale, report)
        _play(simulation, environ["PASSAGE_KAFKA"])
        _await_counts(environ["PASSAGE_KAFKA"], worker)
        equal = _show(simulation, environ["PASSAGE_DATABASE_READER"])
        boards = _publish(environ, project / "deploy" / "registry.yaml", report)
    _say_what_next(stack, simulation)
    if boards:
        click.echo(boards)
    sys.exit(0 if equal else 1)


def _provision(environ: dict[str, str], registry_file: Path, report: ConsoleReport) -> None:
    urls = database.DatabaseUrls(
        admin=environ["PASSAGE_DATABASE_ADMIN"],
        owner=environ["PASSAGE_DATABASE_OWNER"],
        writer=environ["PASSAGE_DATABASE_WRITER"],
        reader=environ["PASSAGE_DATABASE_READER"],
    )
    today = datetime.now(UTC).date()
    steps: tuple[tuple[str, Callable[[], list[str]]], ...] = (
        ("Database, roles, tables and views", lambda: database.apply(urls)),
        ("Topics", lambda: topics.apply(environ["PASSAGE_KAFKA"])),
        ("Reference data", lambda: reference.load(urls.owner, registry_file, today)),
    )
    for title, apply in steps:
        with report(title) as step:
            started = time.monotonic()
            changes = apply()
            took = f"{time.monotonic() - started:.1f} s"
            step.note(f"{len(changes)} changes, {took}" if changes else f"up to date, {took}")


def _simulate(registry_file: Path, seed: int, scale: float, report: ConsoleReport) -> Simulation:
    registry = read_registry(registry_file)
    day = datetime.now(UTC).astimezone(ZoneInfo(TIME_ZONE)).date() - timedelta(days=1)
    while not any(opening(site, day) for site in registry.sites):
        day -= timedelta(days=1)
    with report(f"Simulating {day:%A %-d %B %Y}") as step:
        simulation = generate(registry, day, 1, seed, scale)
        step.note(screen.summary(simulation.truth))
    return simulation


def _play(simulation: Simulation, kafka: str) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="passage-outboxes-") as outboxes,
        screen.progress(sys.stdout, TIME_ZONE) as show,
    ):
        play(simulation, kafka, Path(outboxes), report=show)


def _await_counts(kafka: str, worker: BackgroundWorker) -> None:
    started = time.monotonic()
    console = Console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Counting", total=None)
        most = 0

        def show(lag: int) -> None:
            nonlocal most
            most = max(most, lag)
            bar.update(task, total=most or 1, completed=most - lag)

        try:
            drain(
                kafka,
                GROUP,
                [topic.name for topic in SOURCES],
                is_alive=worker.is_running,
                report=show,
            )
        except NotDrained as error:
            raise NotDrained(f"{error}\n{worker.log_tail()}") from None
    click.echo(f"Counting … {time.monotonic() - started:.1f} s")


def _show(simulation: Simulation, reader: str) -> bool:
    """Print the table; True when every total equals the truth."""
    day = simulation.truth.first_day
    period = Period(day, day, TIME_ZONE)
    with connect(reader, "passage demo") as connection:
        flow = grid(list(ask(connection, Question(period))))
        counted = totals(connection, period)
    console = Console()
    console.print()
    console.print(grid_table(flow, f"Passages by hour and directorate, {day:%A %-d %B %Y}"))
    true = simulation.truth.totals
    different = {m: (n, true[m]) for m, n in counted.items() if n != true[m]}
    if not different:
        console.print(f"✓ All {len(counted)} totals equal the simulator's true counts.")
        return True
    for measure, (n, truth) in different.items():
        console.print(f"✗ {measure}: counted {n}, in truth {truth}", style="bold red")
    console.print(
        "Another day, seed or scale played before on the same date adds up with this one: "
        "`make clean`, then `make demo`."
    )
    return False


def _publish(environ: dict[str, str], registry_file: Path, report: ConsoleReport) -> str | None:
    """Put boards and alerts into a Grafana that answers here; the line that leads to them."""
    with report("Looking for a Grafana") as step:
        published = publish_boards({**os.environ, **environ}, registry_file)
        step.note(published[0] if published else "none answers")
    return published[1] if published else None


def _say_what_next(stack: Stack, simulation: Simulation) -> None:
    day = simulation.truth.first_day
    click.echo(
        f"""
What next:
  .venv/bin/passage history --from {day} --site sp-lhay    # the same, of one site
  .venv/bin/passage simulate --days 7                           # more days
  psql "$(sed -n 's/^PASSAGE_DATABASE_READER=//p' {stack.env_file})"  # SQL on the views
  make down                                                     # stop; `make clean` removes"""
    )


@click.command()
def down() -> None:
    """Stop the processor, Kafka and TimescaleDB that `demo` started; their data stays."""
    stack, _ = _stack_and_project()
    report = ConsoleReport()
    with _with_remedy():
        _stop_worker(stack, report)
        stack.down(report)


@click.command()
def clean() -> None:
    """Stop what `demo` started and remove all its data."""
    stack, _ = _stack_and_project()
    report = ConsoleReport()
    with _with_remedy():
        _stop_worker(stack, report)
        BackgroundWorker(stack.home).remove()
        stack.clean(report)


def _stop_worker(stack: Stack, report: ConsoleReport) -> None:
    worker = BackgroundWorker(stack.home)
    if worker.is_running():
        with report("Stopping the processor"):
            worker.stop()


if __name__ == "__main__":
    demo(prog_name="python -m services.demo")
