"""What every edge command shares: settings, the device, and errors as exit codes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from services.edge.clock import SystemClock
from services.edge.device import Device
from services.edge.errors import EdgeError, InvalidFields
from services.edge.outbox import MEBIBYTE, Outbox
from services.edge.settings import EdgeSettings
from services.runtime.settings import InvalidSetting, with_local_stack


@contextmanager
def failures_explained() -> Iterator[None]:
    """Errors of the device as a message on stderr: exit 2 for a wrong use, otherwise 1."""
    try:
        yield
    except InvalidFields as error:
        raise click.UsageError(str(error)) from None
    except (EdgeError, InvalidSetting) as error:
        raise click.ClickException(str(error)) from None


def read_settings() -> EdgeSettings:
    """From the environment and, where the local stack runs and nothing else is said, from it."""
    return EdgeSettings.from_environ(with_local_stack(os.environ))


def open_outbox(settings: EdgeSettings, path: Path | None = None) -> Outbox:
    """The device's outbox, made when it is not there yet."""
    return Outbox(
        path or settings.outbox,
        max_bytes=int(settings.outbox_max_mb * MEBIBYTE),
        min_free_bytes=int(settings.outbox_min_free_mb * MEBIBYTE),
    )


def make_device(settings: EdgeSettings, outbox: Outbox) -> Device:
    """The device that the settings name, on this machine's clock."""
    return Device(
        settings.device,
        settings.site,
        outbox,
        SystemClock(outbox.id),
        time_zone=settings.time_zone,
        business_day_starts=settings.business_day_starts,
        mode=settings.mode,
    )


@contextmanager
def recording_device(*, dry_run: bool) -> Iterator[Device]:
    """The device to record with; with `dry_run` into an outbox that is thrown away."""
    settings = read_settings()
    with tempfile.TemporaryDirectory(prefix="passage-dry-run-") as folder:
        path = Path(folder, "outbox.db") if dry_run else None
        outbox = open_outbox(settings, path)
        try:
            yield make_device(settings, outbox)
        finally:
            outbox.close()
