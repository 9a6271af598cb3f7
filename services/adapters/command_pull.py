"""`passage adapters pull`: take the exports of a vendor, once."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from services.adapters.command_check import loaded
from services.adapters.errors import AdapterError
from services.adapters.mapping import Mapping
from services.adapters.pull import Interrupted, Outcome, Progress, Pull, Report, try_out
from services.adapters.refusals import Refusal
from services.adapters.settings import PullSettings
from services.adapters.sources import Folder, Source
from services.adapters.taken import Taken
from services.edge.delivery_lock import DeliveryLock
from services.edge.emitter import Emitter
from services.edge.errors import EdgeError
from services.edge.outbox import MEBIBYTE, Outbox
from services.edge.producer import kafka_producers
from services.runtime.settings import InvalidSetting, with_local_stack

INTERRUPTED = 130
_BAR_AFTER_S = 2.0
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("mapping_file", metavar="MAPPING", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Say what would come of every export; send nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Refused rows.")
@click.option("--timeout", "timeout_s", type=float, help="Stop after so many seconds.")
def pull(mapping_file: Path, dry_run: bool, report: Path | None, timeout_s: float | None) -> None:
    """Take every new export of MAPPING's folder or SFTP server, and deliver its events.

    Each file is taken once; what was interrupted goes on where it was. Exit codes: 0 all is taken
    and delivered, 1 rows were refused (see the report) or it failed, 2 the mapping or the use is
    wrong, 130 interrupted.
    """
    mapping = loaded(mapping_file)
    if mapping.csv is None:
        raise click.UsageError(f"{mapping_file} has no `csv`: its system sends webhooks")
    # Their chatter repeats what ours says.
    for name in ("kafka", "paramiko"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with _failures_explained(), _source(mapping, mapping_file.parent) as source:
        if dry_run:
            _try_out(mapping, source)
            return
        logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
        settings = PullSettings.from_environ(with_local_stack(os.environ))
        report = report or settings.adapters_state / f"{mapping.name}.refused.jsonl"
        outcome = _run(mapping, source, settings, report, _stop(timeout_s))
    _tell(outcome, report)


def _run(
    mapping: Mapping, source: Source, settings: PullSettings, report: Path, stop: threading.Event
) -> Outcome:
    connect = kafka_producers(
        settings.brokers,
        client_id=f"passage-adapters-{mapping.name}",
        compression=settings.compression,
    )
    with ExitStack() as stack:
        taken = Taken(settings.adapters_state / f"{mapping.name}.taken.db")
        stack.callback(taken.close)
        # Two runs at once would each take the same rows.
        stack.enter_context(DeliveryLock(taken.path))
        outbox = Outbox(
            settings.adapters_state / f"{mapping.name}.outbox.db",
            max_bytes=int(settings.outbox_max_mb * MEBIBYTE),
            min_free_bytes=int(settings.outbox_min_free_mb * MEBIBYTE),
        )
        stack.callback(outbox.close)
        emitter = Emitter(
            outbox,
            connect,
            addresses=str(settings.brokers),
            topic_prefix=settings.topic_prefix,
        )
        progress = stack.enter_context(_bar())
        outcome = Pull(
            mapping,
            source,
            taken,
            outbox,
            emitter,
            Report(report),
            clock=time.time,
            stop=stop,
            progress=progress,
        ).run()
        if outbox.refused():
            outcome.problems.append(
                "the broker refused events for good. Remedy: look at them with"
                f" `PASSAGE_OUTBOX={outbox.path} passage edge refused list`"
            )
    return outcome


def _tell(outcome: Outcome, report: Path) -> None:
    click.echo(
        f"{outcome.files} files taken, {outcome.known} known before: {outcome.rows} rows,"
        f" {outcome.events} events delivered, {outcome.refused} rows refused"
    )
    for name in outcome.unsettled:
        click.echo(f"{name} is still being written: the next run looks again")
    problems = list(outcome.problems)
    if outcome.refused:
        problems.append(f"{outcome.refused} rows were refused: {report} says which and why")
    if problems:
        raise click.ClickException("\n".join(problems))


def _try_out(mapping: Mapping, source: Source) -> None:
    events: Counter[str] = Counter()
    refused = 0
    for name, row, result in try_out(mapping, source):
        if isinstance(result, Refusal):
            refused += 1
            click.echo(f"{name}:{row.line}: {result.sentence}")
        else:
            events[result.type] += 1
    for event_type, count in sorted(events.items()):
        click.echo(f"{count:8} {event_type}")
    click.echo("Nothing was sent.")
    if refused:
        raise click.ClickException(f"{refused} events were refused")


@contextmanager
def _source(mapping: Mapping, beside: Path) -> Iterator[Source]:
    assert mapping.csv is not None
    if not mapping.csv.is_remote:
        yield Folder(beside / mapping.csv.location)
        return
    # A folder of this machine needs no SSH.
    from services.adapters.sftp import connected

    with connected(mapping.csv, beside) as folder:
        yield folder


@contextmanager
def _bar() -> Iterator[Any]:
    """A bar of the bytes that were read, on a terminal, after two seconds."""
    started = time.monotonic()
    bars: list[Any] = []

    def of(total: int) -> Progress:
        done = 0

        def advance(more: int) -> None:
            nonlocal done
            done += more
            if bars:
                bars[0].update(more)
            elif sys.stderr.isatty() and time.monotonic() - started > _BAR_AFTER_S:
                bars.append(click.progressbar(length=total, label="exports", file=sys.stderr))
                bars[0].__enter__()
                bars[0].update(done)

        return advance

    try:
        yield of
    finally:
        for bar in bars:
            bar.__exit__(None, None, None)


@contextmanager
def _failures_explained() -> Iterator[None]:
    try:
        yield
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    except (AdapterError, EdgeError) as error:
        raise click.ClickException(str(error)) from None
    except Interrupted:
        click.echo("Interrupted; run the same again to go on.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _stop(timeout_s: float | None) -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if timeout_s is not None:
        timer = threading.Timer(timeout_s, stop.set)
        timer.daemon = True
        timer.start()
    return stop
