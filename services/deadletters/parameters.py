"""What the commands take: identities, reasons, and points in time as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from schemas.reasons import Reason
from services.deadletters.errors import InvalidId
from services.deadletters.letters import LetterId

F = TypeVar("F", bound=Callable[..., Any])

_AGO = re.compile(r"(\d{1,5})\s*(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Identity(click.ParamType):
    """`topic/partition/offset`."""

    name = "id"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> LetterId:
        """Read it, or end with 2 and what is expected."""
        if isinstance(value, LetterId):
            return value
        try:
            return LetterId.parse(str(value))
        except InvalidId as error:
            self.fail(str(error), param, ctx)


def since_when(text: str | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """A point in time from `2h`, `3d`, `2026-11-24` or `2026-11-24T09:30`.

    Without an offset it is on the clock of `zone`. Raises click.BadParameter.
    """
    if text is None:
        return None
    expected = "expected 30m, 2h, 3d, 2026-11-24 or 2026-11-24T09:30"
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no point in time; {expected}", param_hint="'--since'"
        ) from None


def selection_options(command: F) -> F:
    """`--reason`, `--site` and `--since`, which narrow what a command means."""
    for option in reversed(
        (
            click.option(
                "--reason",
                "reasons",
                type=click.Choice([reason.value for reason in Reason]),
                metavar="REASON",
                multiple=True,
                help="Only this reason; may be given several times. The tab key completes it.",
            ),
            click.option("--site", help="Only what this site sent, by its code."),
            click.option(
                "--since",
                metavar="T",
                help="Only what came since: 30m, 2h, 3d (ago), 2026-11-24, 2026-11-24T09:30.",
            ),
        )
    ):
        command = option(command)
    return command
