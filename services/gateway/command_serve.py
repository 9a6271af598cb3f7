"""`passage gateway serve` takes events in; `passage gateway status` says what waits."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TypeVar

import click

from services.adapters.errors import AdapterError
from services.edge.delivery_lock import DeliveryLock, holder_of
from services.edge.errors import EdgeError
from services.edge.outbox import Outbox
from services.edge.salvage import damaged_copies
from services.gateway.settings import GatewaySettings, OutboxSettings
from services.runtime import logs
from services.runtime.serving import serve as serve_until_stopped
from services.runtime.settings import InvalidSetting, Settings, with_local_stack

S = TypeVar("S", bound=Settings)


def read_settings(kind: type[S]) -> S:
    """The settings of the environment. Raises UsageError."""
    try:
        return kind.from_environ(with_local_stack(os.environ))
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None


@click.command()
def serve() -> None:
    """Take events in over HTTP and deliver them to Kafka, until SIGTERM.

    Settings: PASSAGE_KAFKA, PASSAGE_GATEWAY_TOKENS, PASSAGE_GATEWAY_OUTBOX, PASSAGE_GATEWAY_HOST
    (127.0.0.1), PASSAGE_GATEWAY_PORT (6068) and more: docs/gateway.md. Put a proxy with TLS in
    front.
    """
    from services.gateway.app import create_app

    settings = read_settings(GatewaySettings)
    logs.configure(sys.stderr, settings.log_level, "gateway")
    failures: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failures.append(error)
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        with DeliveryLock(settings.gateway_outbox):
            # Held only to say who holds it before anything is taken in; delivery takes it again.
            pass
        app = create_app(settings, failed=failed)
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    except (EdgeError, AdapterError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"http://{settings.gateway_host}:{settings.gateway_port}/v1/events", err=True)
    serve_until_stopped(app, host=settings.gateway_host, port=settings.gateway_port)
    if failures:
        raise click.ClickException(f"delivery ended: {failures[0]}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, for machines.")
def status(as_json: bool) -> None:
    """Say what waits on this gateway's disk and why; exit 1 if a person is needed."""
    settings = read_settings(OutboxSettings)
    path = settings.gateway_outbox
    if not path.exists():
        raise click.ClickException(
            f"no outbox at {path} yet. Remedy: `passage gateway serve`, or PASSAGE_GATEWAY_OUTBOX"
        )
    try:
        outbox = Outbox(path)
        found = outbox.status()
        outbox.close()
        holder = holder_of(path)
    except EdgeError as error:
        raise click.ClickException(str(error)) from None
    used = found.used_bytes / (settings.gateway_outbox_max_mb * 1024 * 1024)
    needs = [f"a damaged outbox was set aside: look at {p}" for p in damaged_copies(path)]
    if found.problem and found.depth:
        needs.append(f"delivery stands still since {found.problem_since}: {found.problem}")
    if found.refused:
        needs.append(f"{found.refused} events were refused by the broker: docs/gateway.md")
    told = {
        "waiting": found.depth,
        "refused": found.refused,
        "used": round(used, 3),
        "process": holder,
        "last_acknowledged_at": found.last_acknowledged_at,
        "needs": needs,
    }
    if as_json:
        click.echo(json.dumps(told))
    else:
        click.echo(f"waiting           {found.depth}")
        click.echo(f"refused           {found.refused}")
        click.echo(f"room              {used:.0%} used of {settings.gateway_outbox_max_mb:g} MB")
        click.echo(f"delivering        {f'process {holder}' if holder else 'nobody'}")
        click.echo(f"last acknowledged {found.last_acknowledged_at or 'never'}")
        for need in needs:
            click.echo(f"! {need}")
    if needs:
        raise click.exceptions.Exit(1)
