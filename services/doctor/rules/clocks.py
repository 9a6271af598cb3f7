"""Whether the clocks of the machines agree. Differences in seconds; positive is ahead."""

from __future__ import annotations

from services.doctor.findings import Finding, ok, problem, warning

WATCH_S = 2.0
"""As far as the live picture may be behind."""
ACT_S = 30.0
"""Half a heartbeat's period: a device is taken for silent, or heard before it spoke."""

_REMEDY = "let both machines follow a time server (chrony, systemd-timesyncd)"


def judge_database_clock(ahead_s: float, unsure_s: float) -> Finding:
    """The database server against this machine; the answer took `unsure_s` on its way."""
    return _judge("the database's clock", "this machine's", ahead_s, unsure_s)


def judge_broker_clock(newest_ahead_s: float | None) -> Finding:
    """The broker against this machine, as far as can be known.

    A broker does not tell its time. The newest message bears it; so a clock that is ahead shows,
    and one that is behind looks like a quiet topic.
    """
    if newest_ahead_s is None:
        return ok("the broker's clock cannot be known: no message yet")
    if newest_ahead_s <= WATCH_S:
        return ok("the broker's clock is not ahead of this machine's")
    return _judge("the broker's clock", "this machine's", newest_ahead_s, 0)


def judge_recording(least_s: float | None) -> list[Finding]:
    """The shortest time from broker to database of late: less than nothing tells of two clocks."""
    if least_s is None or least_s >= 0:
        return []
    return [_judge("the broker's clock", "the database's", -least_s, 0)]


def _judge(one: str, other: str, ahead_s: float, unsure_s: float) -> Finding:
    apart = max(0.0, abs(ahead_s) - unsure_s)
    if apart <= WATCH_S:
        return ok(f"{one} and {other} agree within {max(WATCH_S, unsure_s):.0f} s")
    direction = "ahead of" if ahead_s > 0 else "behind"
    sentence = f"{one} is {abs(ahead_s):.0f} s {direction} {other}"
    return (problem if apart > ACT_S else warning)(sentence, _REMEDY)
