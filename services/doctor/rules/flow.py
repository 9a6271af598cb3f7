"""Whether events come through: devices, workers, refusals, what is published and what is final."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.deadletters.remedies import remedy_of
from services.doctor.findings import Finding, listed, ok, problem, span, warning

SILENT_S = 300.0
"""As the alerts on silent devices and a late pipeline."""
LAG_MESSAGES = 10_000
"""As many as a worker takes in one transaction: more is a queue."""
PUBLICATION_S = 60.0
OUTBOX_MESSAGES = 50
PROVISIONAL_DAYS = 3
_START_WORKER = "start `passage processor`, or read its log"


@dataclass(frozen=True, slots=True)
class Lag:
    """Messages of a topic that nobody has acknowledged; none when no worker looked of late."""

    topic: str
    messages: int | None
    seen_s: float
    """How long ago a worker last looked."""


def judge_lag(lags: Sequence[Lag]) -> list[Finding]:
    """How far the workers are behind the topics."""
    if not lags:
        return [warning("no worker has ever reported how far it is", _START_WORKER)]
    found = []
    for lag in lags:
        if lag.messages is None:
            found.append(
                problem(
                    f"{lag.topic}: no worker looked at it for {span(lag.seen_s)}", _START_WORKER
                )
            )
        elif lag.messages > LAG_MESSAGES:
            found.append(
                warning(
                    f"{lag.topic}: {lag.messages} messages are waiting",
                    "look again in some minutes; if there are not fewer, start more workers, up to "
                    "one for each partition of visit-events",
                )
            )
        else:
            found.append(ok(f"{lag.topic}: {lag.messages} messages are waiting"))
    return found


@dataclass(frozen=True, slots=True)
class Refused:
    """Dead letters of one reason that were not counted since."""

    reason: str
    messages: int
    last_s: float


def judge_dead_letters(refused: Sequence[Refused]) -> list[Finding]:
    """What waits for somebody who mends it; what nobody can mend is only told."""
    found = []
    for one in refused:
        remedy = remedy_of(one.reason)
        sentence = f"{one.reason}: {one.messages} refused, the last {span(one.last_s)} ago"
        found.append(
            warning(sentence, remedy.advice) if remedy.replay_helps else ok(sentence + ", for good")
        )
    return found or [ok("nothing was refused that was not counted since")]


@dataclass(frozen=True, slots=True)
class Device:
    """A device that should be heard now."""

    site: str
    device: str
    silent_s: float
    outbox_depth: int


def judge_devices(devices: Sequence[Device]) -> list[Finding]:
    """Who should be heard and is not, by site; who is heard but holds much back."""
    if not devices:
        return [ok("no device has to be heard now: every site is closed, or nothing is in use yet")]
    found = []
    for site in sorted({one.site for one in devices}):
        here = [one for one in devices if one.site == site]
        silent = [f"{d.device} ({span(d.silent_s)})" for d in here if d.silent_s > SILENT_S]
        if silent:
            verdict = problem if len(silent) == len(here) else warning
            found.append(
                verdict(
                    f"{site}: {len(silent)} of {len(here)} devices are silent: {listed(silent)}",
                    "on the device: `passage edge status`, its network, `systemctl status "
                    "passage-edge`; what it holds comes later and counts",
                )
            )
        full = [
            f"{d.device} ({d.outbox_depth})"
            for d in here
            if d.silent_s <= SILENT_S and d.outbox_depth >= OUTBOX_MESSAGES
        ]
        if full:
            found.append(
                warning(
                    f"{site}: outboxes that do not empty: {listed(full)}",
                    "on the device: `passage edge status` says what the broker answers",
                )
            )
    return found or [ok(f"{len(devices)} devices are heard")]


def judge_coverage(coverage: Iterable[tuple[str, int, int]]) -> list[Finding]:
    """Of today's open device-minutes, how many devices vouch for: (site, covered, open)."""
    found, sites = [], 0
    for site, covered, open_minutes in coverage:
        if not open_minutes:
            continue
        sites += 1
        share = covered / open_minutes
        # As the boards colour it.
        if share < 0.9:
            found.append(
                warning(
                    f"{site}: {share:.0%} of today is covered",
                    "find the devices that were away: view device_quarter, board Chaîne technique",
                )
            )
    return found or [ok(f"today is covered at {sites} sites that have been open")]


def judge_newest(devices: int, delay_s: float | None, newest_s: float | None) -> Finding:
    """How old the newest message of any device is, beside how many should be heard now."""
    if newest_s is None:
        return warning("nothing was ever received", "docs/kiosk.md says how to connect a device")
    if devices and delay_s is not None and delay_s > SILENT_S:
        return problem(
            f"the newest event is {span(delay_s)} old, and {devices} devices should be heard",
            "look at the checks kafka and lag first, then at the network of the halls",
        )
    return ok(f"the newest event came {span(max(0.0, newest_s))} ago")


def judge_publication(changes: int, delay_s: float | None) -> Finding:
    """How far the topic `footfall`, hence the live picture, is behind the tables."""
    if delay_s is None:
        return ok("nothing was published yet: no worker has run on this database")
    if delay_s > PUBLICATION_S:
        return warning(
            f"the topic footfall is {span(delay_s)} behind, {changes} changes are waiting",
            _START_WORKER + "; hall displays show an old picture, counts are right",
        )
    return ok(f"the topic footfall is {delay_s:.0f} s behind")


@dataclass(frozen=True, slots=True)
class Provisional:
    """Local days of a site that are past and whose figures may still change."""

    site: str
    days: int
    oldest: date


def judge_provisional(provisional: Sequence[Provisional], missing: Sequence[str]) -> list[Finding]:
    """Days that stay provisional for longer than an outage lasts; devices with missing numbers."""
    why = f" (messages are missing of {listed(missing)})" if missing else ""
    return [
        warning(
            f"{one.site}: {one.days} days are provisional, the oldest {one.oldest}{why}",
            "bring back the device that holds them back (view device_gap), or close it by valid_to "
            "in the registry; after 60 days figures are final as they are",
        )
        for one in provisional
    ] or [ok(f"every day older than {PROVISIONAL_DAYS} days is final")]


def judge_days(unlike: Sequence[tuple[str, int, date]]) -> list[Finding]:
    """Stored days that are not the sums of their hours: (site, how many, the oldest)."""
    return [
        problem(
            f"{site}: {days} stored days are not the sums of their hours, the oldest {oldest}",
            "an older worker wrote beside an upgrade, or somebody by hand: `passage rebuild`",
        )
        for site, days, oldest in unlike
    ] or [ok("the stored days of the last two weeks are the sums of their hours")]


def judge_size(database_bytes: int, tables: Sequence[tuple[str, int]]) -> Finding:
    """How large the database is, for whoever looks after the disk."""
    largest = [f"{name} {_size(size)}" for name, size in tables]
    return ok(f"the database has {_size(database_bytes)}; largest: {listed(largest, most=3)}")


def _size(bytes_: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if bytes_ < 1000:
            return f"{bytes_:.0f} {unit}"
        bytes_ /= 1000
    return f"{bytes_:.1f} TB"


def age_s(at: datetime | None, now: datetime) -> float | None:
    """Seconds since an instant, none when there was none."""
    return None if at is None else (now - at).total_seconds()
