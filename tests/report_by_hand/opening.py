"""When sites were open and their devices heard, minute by minute of the local day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from schemas.registry import Registry
from tests.report_by_hand.visits import PARIS

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Beat(NamedTuple):
    """A heartbeat: `device` was able to record in the seconds up to `at`."""

    site: str
    device: str
    at: datetime
    covers_s: int


class Opening:
    """The open minutes of each site, and those that each of its devices vouches for."""

    def __init__(
        self, registry: Registry, closed: Mapping[date, str], beats: Iterable[Beat]
    ) -> None:
        self._sites = {site.code: site for site in registry.sites}
        self._devices = [one for one in registry.devices if one.kind != "gateway"]
        self.closed = closed
        self._hours: dict[tuple[str, date], dict[int, tuple[int, int]]] = {}
        self._heard: dict[tuple[str, date], set[int]] = defaultdict(set)
        for beat in beats:
            # A minute is heard when its middle is.
            middle = beat.at.replace(second=30, microsecond=0)
            while middle > beat.at - timedelta(seconds=beat.covers_s):
                if middle <= beat.at:
                    local = middle.astimezone(PARIS)
                    minute = local.hour * 60 + local.minute
                    self._heard[beat.device, local.date()].add(minute)
                middle -= timedelta(minutes=1)

    def ordinarily(self, site: str, day: date) -> set[int]:
        """Minutes after midnight at which the site is open on such a weekday."""
        minutes: set[int] = set()
        for hours in self._sites[site].opening_hours:
            for period in hours.week.get(WEEKDAYS[day.weekday()], ()):  # type: ignore[call-overload]
                opens = period.opens.hour * 60 + period.opens.minute
                closes = period.closes.hour * 60 + period.closes.minute
                minutes.update(range(opens, closes))
        return minutes

    def minutes(self, site: str, day: date) -> set[int]:
        """Minutes after midnight at which the site is open."""
        return set() if day in self.closed else self.ordinarily(site, day)

    def devices(self, site: str) -> list[str]:
        """Those that record at the site."""
        return [one.code for one in self._devices if one.site == site]

    def heard(self, device: str, day: date) -> set[int]:
        """Minutes after midnight that the device vouches for."""
        return self._heard[device, day]

    def hours(self, site: str, day: date) -> dict[int, tuple[int, int]]:
        """Device-minutes of each open hour: open, and vouched for."""
        if (site, day) not in self._hours:
            self._hours[site, day] = self._counted(site, day)
        return self._hours[site, day]

    def _counted(self, site: str, day: date) -> dict[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        minutes, devices = self.minutes(site, day), self.devices(site)
        for hour in sorted({minute // 60 for minute in minutes}):
            of_hour = {minute for minute in minutes if minute // 60 == hour}
            heard = sum(len(of_hour & self.heard(device, day)) for device in devices)
            found[hour] = len(of_hour) * len(devices), heard
        return found
