"""Commands that look and mend: `status`, `refused` and `salvage`."""

from __future__ import annotations

import dataclasses
import json

import click

from services.edge.command import failures_explained, open_outbox, read_settings
from services.edge.delivery_lock import holder_of
from services.edge.heartbeat import NEARLY_FULL
from services.edge.outbox import MEBIBYTE
from services.edge.outbox_entries import OutboxStatus
from services.edge.salvage import damaged_copies
from services.edge.salvage import salvage as salvage_outbox


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, for machines.")
def status(as_json: bool) -> None:
    """Say what waits, what was refused, how much room is left; exit 1 if a person is needed."""
    with failures_explained():
        settings = read_settings()
        if not settings.outbox.exists():
            raise click.ClickException(
                f"no outbox at {settings.outbox} yet. Remedy: record an event or set PASSAGE_OUTBOX"
            )
        outbox = open_outbox(settings)
        found = outbox.status()
        outbox.close()
        holder = holder_of(settings.outbox)
        aside = [str(path) for path in damaged_copies(settings.outbox)]
    needs = _needs(found, aside)
    if as_json:
        click.echo(
            json.dumps(
                dataclasses.asdict(found)
                | {
                    "outbox": str(settings.outbox),
                    "fullness": round(found.fullness, 3),
                    "delivering_process": holder,
                    "damaged_outboxes": aside,
                    "needs": needs,
                }
            )
        )
    else:
        click.echo(f"outbox            {settings.outbox}")
        oldest = f", the oldest from {found.oldest_occurred_at}" if found.depth else ""
        click.echo(f"waiting           {found.depth}{oldest}")
        click.echo(f"refused           {found.refused}")
        click.echo(
            f"room              {_mb(found.used_bytes)} of {_mb(found.max_bytes)} MB used; "
            f"disk {_mb(found.disk_free_bytes)} MB free, {_mb(found.min_free_bytes)} kept free"
        )
        click.echo(f"delivering        {f'process {holder}' if holder else 'nobody'}")
        click.echo(f"last acknowledged {found.last_acknowledged_at or 'never'}")
        for need in needs:
            click.echo(f"! {need}")
    if needs:
        raise click.exceptions.Exit(1)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / MEBIBYTE:.1f}"


def _needs(found: OutboxStatus, aside: list[str]) -> list[str]:
    needs = []
    if found.refused:
        needs.append(f"{found.refused} events were refused: `passage edge refused list`")
    if found.problem and found.depth:
        needs.append(f"delivery stands still since {found.problem_since}: {found.problem}")
    if found.fullness >= NEARLY_FULL:
        needs.append("the outbox is nearly full: restore delivery, or give it more room")
    needs += [f"a damaged outbox was set aside: look at {path}, then remove it" for path in aside]
    return needs


@click.group()
def refused() -> None:
    """Events that the broker will never take as they are: list them, or try them again."""


@refused.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def refused_list(as_json: bool) -> None:
    """Show each refused event and why; exit 1 when there is any."""
    with failures_explained():
        outbox = open_outbox(read_settings())
        events = outbox.refused()
        outbox.close()
    for event in events:
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(event)))
        else:
            click.echo(f"{event.event_id} {event.type} of {event.occurred_at}: {event.reason}")
    if events:
        raise click.exceptions.Exit(1)


@refused.command("retry")
def refused_retry() -> None:
    """Put every refused event back into the queue, once its cause is mended."""
    with failures_explained():
        outbox = open_outbox(read_settings())
        count = outbox.retry_refused()
        outbox.close()
    click.echo(f"{count} events wait again")


@click.command()
def salvage() -> None:
    """Set a damaged outbox aside and deliver what can be read of it; nothing is deleted."""
    with failures_explained():
        done = salvage_outbox(read_settings().outbox)
    click.echo(f"{done.saved} events saved; the old files are in {done.aside}")
