"""`python -m services.live`: the live picture of each site over HTTP, until SIGTERM."""

from __future__ import annotations

import asyncio
import os
import sys

import click
import faust
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import FOOTFALL
from services.live.app import create_app
from services.live.settings import LiveSettings
from services.runtime import logs
from services.runtime.handshake import CannotLogIn, start
from services.runtime.settings import InvalidSetting, with_local_stack


@click.command("live")
def live() -> None:
    """Serve the live picture of each site, for hall displays and other systems.

    As JSON on /sites and /sites/SITE, as server-sent events on /sites/SITE/events. Start as many as
    there are displays to serve; each has the whole picture. Settings come from PASSAGE_KAFKA and,
    if need be, PASSAGE_LIVE_HOST, PASSAGE_LIVE_PORT, PASSAGE_LIVE_SILENT_AFTER_S,
    PASSAGE_LIVE_CORS_ORIGINS, PASSAGE_TOPIC_PREFIX.
    """
    try:
        settings = LiveSettings.from_environ(with_local_stack(os.environ))
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    logs.configure(sys.stderr, settings.log_level, "live")
    try:
        asyncio.run(_require_topic(settings))
        app = create_app(settings)
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    worker = faust.Worker(app, loglevel=None, override_logging=False, quiet=True)
    worker.spinner = None  # its control characters would stand between the lines of the log
    raise SystemExit(worker.execute_from_commandline())


async def _require_topic(settings: LiveSettings) -> None:
    """Raises ClickException when there is no broker or no topic: nothing would ever come."""
    name = settings.topic_prefix + FOOTFALL.name
    brokers = settings.brokers
    admin = AIOKafkaAdminClient(**brokers.arguments())
    try:
        await start(admin, brokers)
        topics = await admin.list_topics()
    except CannotLogIn as error:
        raise click.ClickException(str(error)) from None
    except (KafkaError, OSError) as error:
        raise click.ClickException(
            f"no broker answers at {brokers} ({type(error).__name__});"
            " check PASSAGE_KAFKA and that Kafka runs"
        ) from None
    finally:
        await admin.close()
    if name not in topics:
        raise click.ClickException(f"topic {name} does not exist; run `passage provision topics`")


if __name__ == "__main__":
    live(prog_name="python -m services.live")
