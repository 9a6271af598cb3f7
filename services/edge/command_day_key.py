"""`passage edge day-key`: let the devices of a site hash appointments alike."""

from __future__ import annotations

from datetime import date

import click

from services.core.calendar import business_date
from services.edge.clock import SystemClock
from services.edge.command import failures_explained, read_settings
from services.edge.day_key import DayKeyError, DayKeys
from services.edge.settings import EdgeSettings


@click.group()
def day_key() -> None:
    """Show or take over today's key, under which appointments are hashed.

    The devices of a site must share it; it lives for one business day and is then destroyed.

    \b
    Each morning, from the device that makes it to another:
      passage edge day-key show | ssh other-device passage edge day-key install
    """


@day_key.command()
def show() -> None:
    """Print today's key in hexadecimal. It is a secret: pipe it, do not keep it."""
    with failures_explained():
        settings = read_settings()
        click.echo(DayKeys(settings.day_keys).key(today(settings)).hex())


@day_key.command()
def install() -> None:
    """Read today's key from standard input and use it."""
    with failures_explained():
        settings = read_settings()
        try:
            key = bytes.fromhex(click.get_text_stream("stdin").read().strip())
        except ValueError:
            raise DayKeyError("a key is 64 hexadecimal digits") from None
        DayKeys(settings.day_keys).install(today(settings), key)


def today(settings: EdgeSettings) -> date:
    """The site's business date now."""
    return business_date(
        SystemClock().now(), time_zone=settings.time_zone, starts=settings.business_day_starts
    )
