"""What is known of all sites: an agent keeps it in a Faust table while it reads the topic."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import faust
from faust.types import AppT, StreamT
from pydantic import ValidationError

from schemas.footfall import Progress, read
from services.live.picture import Known, Picture, is_recent, picture

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(seconds=10)
"""Progress comes every few seconds: without it the chain behind is broken somewhere."""


class SiteTable(faust.Table[str, Known]):
    """A table that is rebuilt from the topic its agent reads, so it writes no changelog."""

    def on_key_set(self, key: str, value: Known) -> None:
        """Tell the sensors, and no topic."""
        self._sensor_on_set(self, key, value)

    def on_key_del(self, key: str) -> None:
        """Tell the sensors, and no topic."""
        self._sensor_on_del(self, key)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture with what is known of its age."""

    picture: Picture
    at: datetime
    as_of: datetime | None
    stale: bool

    def differs(self, other: Shown) -> bool:
        """Whether there is more to see than a device's next sign of life."""
        return (self.stale, self.picture.silent, replace(self.picture, devices=())) != (
            other.stale,
            other.picture.silent,
            replace(other.picture, devices=()),
        )


class Board:
    """The newest message of each key, and the pictures drawn from them."""

    def __init__(
        self,
        app: AppT,
        silent_after: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        # Not `app.Table`: that would recover it from a changelog of its own.
        self.table = SiteTable(app, name="site")
        self.is_complete = False
        """True once all has been read that was on the topic at the start."""
        self.broker_answers = True
        """False when the broker was asked and did not answer."""
        self.next_offset = 0
        self.as_of: datetime | None = None
        """Whatever was committed in the database before this instant has been taken up."""
        self._now = now
        self._silent_after = silent_after

    async def keep(self, stream: StreamT[bytes]) -> None:
        """The agent: take up what was published, for as long as the stream goes on."""
        async for event in stream.events():
            self.take(event.message.value)
            self.next_offset = event.message.offset + 1

    def take(self, value: bytes | None) -> None:
        """Take up one message; what is not understood is passed over."""
        try:
            message = read(value or b"")
        except ValidationError as error:
            # A later version, or no message at all: the picture goes on without it.
            log.warning("message not understood", extra={"problems": error.error_count()})
            return
        if isinstance(message, Progress):
            self.as_of = max(message.as_of, self.as_of or message.as_of)
        elif is_recent(message, self._now()):
            known = self.table.get(message.site) or Known()
            known.take(message)
            self.table[message.site] = known

    def forget(self) -> None:
        """Drop what can be of today no more."""
        for known in self.table.values():
            known.forget(self._now())

    @property
    def is_ready(self) -> bool:
        """True while there is a picture, and new messages can come."""
        return self.is_complete and self.broker_answers

    @property
    def staleness_s(self) -> float:
        """Seconds since what was taken up last was committed; NaN before anything was."""
        return math.nan if self.as_of is None else (self._now() - self.as_of).total_seconds()

    @property
    def sites(self) -> list[str]:
        """Codes of the sites that there are now."""
        return sorted(code for code in self.table if self.shown(code) is not None)

    def shown(self, site: str) -> Shown | None:
        """The picture of a site now; None when there is no such site."""
        now = self._now()
        drawn = picture(self.table.get(site) or Known(), now, self._silent_after)
        if drawn is None:
            return None
        is_stale = self.as_of is None or now - self.as_of > STALE_AFTER
        return Shown(drawn, now, self.as_of, is_stale)
