"""How many events a second one gateway takes in over HTTP, and whether it loses any.

`python -m benchmarks.gateway` starts a Kafka and a gateway of its own and sends events at a steady
rate, many in each request, over a few connections that stay open. With `--restart-kafka` the broker
is stopped in the middle and started again. Senders do not try again (`gateway_senders.py`);
what the gateway did not keep, or did not answer, is reported as such.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import click

from benchmarks.gateway_senders import Sent, arrived, ask, sending, serving, wait_until
from benchmarks.usage import cpu_s, peak_mb
from services.provision import topics as provision_topics
from services.stack.stack import Stack

PROJECT = Path(__file__).parent.parent
KAFKA_PORT, POSTGRES_PORT, GATEWAY_PORT = 29_592, 25_932, 29_594
AWAY_S = 5.0


@click.command("gateway")
@click.option("--rate", default=2000.0, show_default=True, help="Events a second.")
@click.option("--seconds", default=60.0, show_default=True, help="How long.")
@click.option("--batch", "batch_events", default=50, show_default=True, help="Events a request.")
@click.option("--senders", default=8, show_default=True, help="Connections.")
@click.option("--restart-kafka", is_flag=True, help="Stop the broker in the middle, for 5 s.")
def gateway(
    rate: float, seconds: float, batch_events: int, senders: int, restart_kafka: bool
) -> None:
    """Send events through one gateway at a steady rate, and look for each of them in Kafka."""
    home = PROJECT / ".data" / "bench-gateway"
    stack = Stack(home, KAFKA_PORT, POSTGRES_PORT, cache=PROJECT / ".data" / "cache")
    prefix = f"g{uuid4().hex[:6]}."
    folder = home / f"gateway-{prefix}"
    try:
        stack.install()
        stack.kafka.start()
        kafka = stack.kafka.bootstrap
        provision_topics.apply(kafka, prefix)
        with serving(kafka, prefix, folder, GATEWAY_PORT) as (pid, token):
            before_s, began_s = cpu_s(pid), time.monotonic()
            with sending(
                GATEWAY_PORT,
                token,
                rate=rate,
                seconds=seconds,
                batch_events=batch_events,
                senders=senders,
            ) as (sent, _):
                if restart_kafka:
                    time.sleep(seconds / 2)
                    stack.kafka.stop()
                    time.sleep(AWAY_S)
                    stack.kafka.start()
                    click.echo(f"Kafka was away {time.monotonic() - began_s - seconds / 2:.0f} s")
            took_s = time.monotonic() - began_s
            wait_until(lambda: json.loads(ask(GATEWAY_PORT, "/ready")[1])["waiting"] == 0)
            drained_s = time.monotonic() - began_s - took_s
            used, peak = cpu_s(pid) - before_s, peak_mb(pid)
        found = arrived(kafka, prefix)
    finally:
        stack.clean()
    _report(sent, found, took_s)
    click.echo(
        f"gateway: {used / took_s:.2f} of a core, at most {peak:.0f} MB;"
        f" empty {drained_s:.1f} s after the last answer"
    )
    if sent.promised - found.keys():
        raise click.ClickException("events were lost")


def _report(sent: Sent, found: Counter[str], took_s: float) -> None:
    events = sum(map(len, sent.ids.values()))
    took = sorted(sent.took_s)
    click.echo(
        f"{events:,} events in {took_s:.1f} s, {events / took_s:,.0f} a second;"
        f" latest request {sent.late_s:.1f} s after its time"
    )
    click.echo(f"answers: {dict(sent.statuses)}; events: {_sizes(sent)}")
    click.echo(
        f"a request took p50 {took[len(took) // 2] * 1000:.0f} ms,"
        f" p99 {took[len(took) * 99 // 100] * 1000:.0f} ms, at most {took[-1]:.1f} s"
    )
    missing = sent.promised - found.keys()
    click.echo(
        f"in Kafka: {len(found):,} events, {sum(found.values()) - len(found):,} of them sent again;"
        f" LOST {len(missing):,}"
    )


def _sizes(sent: Sent) -> dict[str, int]:
    return {outcome: len(ids) for outcome, ids in sorted(sent.ids.items())}


if __name__ == "__main__":
    gateway(prog_name="python -m benchmarks.gateway")
