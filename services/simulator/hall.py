"""Step 3: one site's day: visitors wait in line, are called and served, or not.

A discrete-event simulation. Each turn is told twice in one place: into the visitor's story, and as
the event of the device that sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from random import Random
from typing import Any

from schemas.events import (
    AutoClosed,
    Called,
    Cancelled,
    Left,
    NoShow,
    Recalled,
    Returned,
    ServiceEnded,
    ServiceStarted,
    Transferred,
    VisitEvent,
)
from services.simulator import lines
from services.simulator.lines import Line, Visitor
from services.simulator.opening import Periods
from services.simulator.recorder import Recorder
from services.simulator.stories import Outcome, Stay, Visit

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
# Whoever is inside when the doors close is still served, for so long.
AFTER_CLOSING_MS = 45 * MINUTE_MS
LUNCH_SHARE = 0.6


class Hall:
    """A site from the first visitor to the last, then the night."""

    def __init__(
        self,
        site_lines: Mapping[str, Line],
        periods: Periods,
        lunch: tuple[int, int],
        desk_device: str,
        reception: str,
        recorder: Recorder,
        rng: Random,
    ) -> None:
        self._lines = site_lines
        self._periods = periods
        self._lunch = lunch
        self._desk_device = desk_device
        self._reception = reception
        self._recorder = recorder
        self._rng = rng
        self._turns: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._scheduled = 0
        self._visitors: list[Visitor] = []

    def enter(self, visit: Visit, ready_ms: int) -> None:
        """A visitor whose arrival is told, and who may be called from `ready_ms` on."""
        visitor = Visitor(visit)
        stay = visitor.stay
        self._visitors.append(visitor)
        target = self._elsewhere(stay) if self._rng.random() < lines.WRONG_CHOICE else None
        if target is not None:
            moment = self._after(ready_ms, 5, 50)
            self._at(moment, self._transfer, visitor, target, None, "wrong-choice")
            return
        # Even where a desk is idle, nobody is called on the millisecond of their arrival.
        self._at(self._after(ready_ms, 3, 15), self._join, visitor)
        draw = self._rng.random()
        if draw < lines.IMPATIENT:
            patience_ms = round(self._rng.expovariate(1 / lines.PATIENCE_MIN) * MINUTE_MS)
            self._at(ready_ms + 5 * MINUTE_MS + patience_ms, self._lose_patience, visitor, stay)
        elif draw < lines.IMPATIENT + lines.CANCELS:
            self._at(self._after(ready_ms, 60, 900), self._cancel, visitor, stay)

    def run(self, night_ms: int) -> None:
        """Let the day pass; at `night_ms` the system closes whatever nobody ended."""
        for opens, _ in self._periods:
            self._at(opens, self._call_all)
        self._at(self._lunch[1], self._call_all)
        while self._turns:
            now, _, turn, arguments = heappop(self._turns)
            turn(now, *arguments)
        for visitor in self._visitors:
            if visitor.stay.outcome is None:
                self._end(night_ms, visitor, "auto_closed", AutoClosed, reason="end-of-day")
                night_ms += 5

    # Waiting

    def _join(self, now: int, visitor: Visitor) -> None:
        line = self._lines[visitor.stay.queue]
        line.waiting.append(visitor)
        self._call_next(now, line)

    def _lose_patience(self, now: int, visitor: Visitor, stay: Stay) -> None:
        if stay.first_called_ms is not None or stay.outcome is not None:
            return
        if self._rng.random() < lines.SAYS_GOODBYE:
            self._end(now, visitor, "left", Left, device=self._reception)
        else:
            visitor.gone = True

    def _cancel(self, now: int, visitor: Visitor, stay: Stay) -> None:
        if stay.first_called_ms is None and stay.outcome is None:
            self._end(now, visitor, "cancelled", Cancelled, device=self._reception)

    # At the desks

    def _call_all(self, now: int) -> None:
        for line in self._lines.values():
            self._call_next(now, line)

    def _call_next(self, now: int, line: Line) -> None:
        while line.waiting and line.free and line.busy < self._staffed(now, line):
            visitor = line.waiting.popleft()
            if visitor.stay.outcome is None:
                self._call(now, line, visitor, line.free.pop())

    def _staffed(self, now: int, line: Line) -> int:
        if not any(opens <= now < closes + AFTER_CLOSING_MS for opens, closes in self._periods):
            return 0
        at_lunch = self._lunch[0] <= now < self._lunch[1]
        return max(1, round(len(line.desks) * (LUNCH_SHARE if at_lunch else 1)))

    def _call(self, now: int, line: Line, visitor: Visitor, desk: str | None) -> None:
        self._tell(now, Called, visitor, desk=desk)
        stay = visitor.stay
        if stay.first_called_ms is None:
            stay.first_called_ms = now
        draw = self._rng.random()
        if visitor.gone or draw < lines.NO_SHOW:
            again = self._after(now, 40, 70)
            self._at(again, self._recall, visitor, desk)
            self._at(self._after(again, 30, 70), self._no_show, line, visitor, desk)
            return
        draw -= lines.NO_SHOW
        if draw < lines.SENT_BACK:
            self._at(self._after(now, 40, 120), self._send_back, line, visitor, desk)
            return
        comes = self._after(now, 12, 45)
        if draw < lines.SENT_BACK + lines.RECALLED:
            again = self._after(now, 30, 60)
            self._at(again, self._recall, visitor, desk)
            comes = self._after(again, 5, 30)
        target = self._elsewhere(stay) if self._rng.random() < lines.TRANSFERRED else None
        if target is not None and self._rng.random() < lines.TRANSFERRED_UNSERVED:
            self._at(comes, self._send_on, line, visitor, target, desk)
        else:
            self._at(comes, self._serve, line, visitor, target, desk)

    def _serve(
        self, now: int, line: Line, visitor: Visitor, target: Line | None, desk: str | None
    ) -> None:
        self._tell(now, ServiceStarted, visitor, desk=desk)
        visitor.stay.service_started_ms = now
        if target is not None:
            self._at(self._after(now, 60, 240), self._send_on, line, visitor, target, desk)
            return
        minutes = min(60.0, self._rng.gammavariate(4, line.demand.service_min / 4))
        done = now + 20 * SECOND_MS + round(minutes * MINUTE_MS)
        if self._rng.random() < lines.FORGOTTEN:
            self._at(done, self._release, line, desk)
        else:
            self._at(done, self._finish, line, visitor, desk)

    def _finish(self, now: int, line: Line, visitor: Visitor, desk: str | None) -> None:
        visitor.stay.service_ended_ms = now
        self._end(now, visitor, "served", ServiceEnded, desk=desk)
        self._release(now, line, desk)

    def _recall(self, now: int, visitor: Visitor, desk: str | None) -> None:
        self._tell(now, Recalled, visitor, desk=desk)

    def _no_show(self, now: int, line: Line, visitor: Visitor, desk: str | None) -> None:
        self._end(now, visitor, "no_show", NoShow, desk=desk)
        if not visitor.gone and self._rng.random() < lines.COMES_BACK_LATE:
            self._at(self._after(now, 120, 900), self._return, visitor, "late")
        self._release(now, line, desk)

    def _send_back(self, now: int, line: Line, visitor: Visitor, desk: str | None) -> None:
        self._return(now, visitor, "missing-copy")
        self._release(now, line, desk)

    def _return(self, now: int, visitor: Visitor, reason: str) -> None:
        self._tell(now, Returned, visitor, reason=reason)
        visitor.stay.outcome = None
        # A moment to find a seat: no two turns of a visitor share a millisecond.
        self._at(self._after(now, 10, 60), self._join, visitor)

    def _send_on(
        self, now: int, line: Line, visitor: Visitor, target: Line, desk: str | None
    ) -> None:
        self._transfer(now, visitor, target, desk, "other-directorate", device=self._desk_device)
        self._release(now, line, desk)

    def _transfer(
        self,
        now: int,
        visitor: Visitor,
        target: Line,
        desk: str | None,
        reason: str,
        device: str | None = None,
    ) -> None:
        onward = Stay(target.queue, target.directorate, target.service, now)
        self._end(
            now,
            visitor,
            "transferred",
            Transferred,
            device=device or self._reception,
            desk=desk,
            reason=reason,
            queue=onward.queue,
            directorate=onward.directorate,
            service=onward.service,
        )
        visitor.visit.stays.append(onward)
        self._at(self._after(now, 10, 60), self._join, visitor)

    def _release(self, now: int, line: Line, desk: str | None) -> None:
        self._at(self._after(now, 8, 25), self._free, line, desk)

    def _free(self, now: int, line: Line, desk: str | None) -> None:
        line.free.append(desk)
        self._call_next(now, line)

    # Telling

    def _end(
        self,
        now: int,
        visitor: Visitor,
        outcome: Outcome,
        event_class: type[VisitEvent],
        **fields: Any,
    ) -> None:
        self._tell(now, event_class, visitor, **fields)
        visitor.stay.outcome = outcome

    def _tell(
        self,
        now: int,
        event_class: type[VisitEvent],
        visitor: Visitor,
        *,
        device: str | None = None,
        **fields: Any,
    ) -> None:
        self._recorder.record(
            now, device or self._desk_device, event_class, visitor.visit.visit_id, **fields
        )

    def _elsewhere(self, stay: Stay) -> Line | None:
        """A queue of another directorate at the same site, where there is one."""
        others = [x for x in self._lines.values() if x.directorate != stay.directorate]
        return self._rng.choice(others) if others else None

    def _after(self, now: int, least_s: int, most_s: int) -> int:
        return now + self._rng.randrange(least_s * SECOND_MS, most_s * SECOND_MS)

    def _at(self, moment: int, turn: Callable[..., None], *arguments: Any) -> None:
        self._scheduled += 1
        heappush(self._turns, (moment, self._scheduled, turn, arguments))
