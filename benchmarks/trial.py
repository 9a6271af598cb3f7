"""What is done with a contender: take in a backlog, or be killed in the middle of one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from benchmarks.contenders import Contender
from benchmarks.loads import Load
from benchmarks.program import Program
from benchmarks.servers import database
from benchmarks.usage import cpu_s, peak_mb_of_all
from benchmarks.watching import Watch
from schemas.registry import Registry
from services.stack.stack import Stack

FIRST_SIGN_WITHIN_S = 120.0
# Longer than any engine waits for a member that was killed.
STALLED_S = 100.0
SETTLED_S = 5.0

Told = Callable[[float], None]
"""Told how much is done, from 0 to 1."""


class Failed(Exception):
    """A contender did not do its job; says how far it came and what it said."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one contender over the backlog."""

    events_per_s: float
    cpu: dict[str, float]
    """CPU seconds per million events: the program's, PostgreSQL's, Kafka's."""
    peak_mb: float
    wrong: int | None
    """Passages that are missing or too many; None where it was stopped before the end."""


@dataclass(frozen=True, slots=True)
class Survived:
    """What one SIGKILL cost."""

    lost: int
    twice: int
    passages: int
    recovery_s: float
    """From the SIGKILL to the first row of the restarted program."""


class Look(NamedTuple):
    """What was seen at one time."""

    at_s: float
    share: float


@dataclass(frozen=True)
class Ground:
    """Servers on which contenders are tried."""

    stack: Stack
    registry: Registry
    home: Path
    look_every_s: float = 0.2
    """Seldom, for each look is work for the database that is measured."""

    def measure(self, contender: Contender, load: Load, longest_s: float, told: Told) -> Measured:
        """Let it take in the backlog, for so long at most as it may be cut short.

        The clock runs from its first count or acknowledgement to the last change of its counts, or
        to its last acknowledgement if it counts nothing. So neither the start nor the joining of
        the group is part of it.
        """
        with self._trial(contender, load) as (program, watch), program:
            looks: list[Look] = []
            before: dict[str, float] = {}
            for share in self._shares(contender, load, program, watch):
                told(share)
                if not share and not watch.acknowledged():
                    continue
                now_s = time.monotonic()
                before = before or self._cpu(program)
                if not looks or share > looks[-1].share:
                    looks.append(Look(now_s, share))
                if share >= 1 or (now_s - looks[0].at_s > longest_s and not contender.takes_all):
                    break
            spent = self._cpu(program)
            first, last = looks[0], looks[-1]
            events = (last.share - first.share) * load.messages
            if not events:
                raise Failed("the whole backlog came at once; take a larger one (--events)")
            wrong = None
            if last.share >= 1 and contender.counts_in:
                found = watch.counts(contender.counts_in)
                wrong = sum(load.differences(contender, found))
            return Measured(
                events / (last.at_s - first.at_s),
                {name: (spent[name] - before[name]) / events * 1e6 for name in spent},
                peak_mb_of_all(program.pid),
                wrong,
            )

    def kill(self, contender: Contender, load: Load, told: Told) -> Survived:
        """Kill it in the middle, start it again, and see it through to the end."""
        assert contender.counts_in
        with self._trial(contender, load) as (program, watch), program:
            for share in self._shares(contender, load, program, watch):
                told(share)
                # An engine may have read all before it counts anything.
                if share >= 0.5 or watch.acknowledged() >= load.messages / 2:
                    break
            self._await_acknowledgement(contender, watch)
            killed_at, killed_s = time.time(), time.monotonic()
            program.kill()
            program.start()
            # What had reached the database may still be at work there.
            before = watch.passages(contender.counts_in)
            while watch.sessions(since=killed_at):
                before = watch.passages(contender.counts_in)
                time.sleep(self.look_every_s)
            if before >= load.passages(contender):
                raise Failed("all was done before the SIGKILL; take more (--kill-events)")
            recovery_s = None
            settled_s = time.monotonic()
            for share in self._shares(contender, load, program, watch):
                told(min(1.0, share))
                now_s = time.monotonic()
                passages = watch.passages(contender.counts_in)
                if passages != before:
                    recovery_s = recovery_s or now_s - killed_s
                    before, settled_s = passages, now_s
                is_done = share >= 1 and recovery_s is not None
                if now_s - settled_s > (SETTLED_S if is_done else STALLED_S):
                    break
            if recovery_s is None:
                raise Failed(f"no row within {STALLED_S:.0f} s of the SIGKILL")
            lost, twice = load.differences(contender, watch.counts(contender.counts_in))
            return Survived(lost, twice, load.passages(contender), recovery_s)

    @contextmanager
    def _trial(self, contender: Contender, load: Load) -> Iterator[tuple[Program, Watch]]:
        name = f"{contender.name}-{uuid4().hex[:6]}"
        group = f"{load.prefix}{name}"
        log = self.home / f"{contender.name}.log"
        with database(self.stack, self.registry) as environ:
            environ |= {"PASSAGE_TOPIC_PREFIX": load.prefix, "PASSAGE_GROUP": group}
            program = Program(contender, environ, self.home / "state" / name, log)
            owner = environ["PASSAGE_DATABASE_OWNER"]
            with Watch(environ["PASSAGE_KAFKA"], owner, load.prefix, group) as watch:
                yield program, watch

    def _shares(
        self, contender: Contender, load: Load, program: Program, watch: Watch
    ) -> Iterator[float]:
        """How much of the backlog is done, again and again; Failed when that stands still."""
        began_s = time.monotonic()
        seen = 0.0
        while True:
            share = (
                watch.passages(contender.counts_in) / load.passages(contender)
                if contender.counts_in
                else watch.acknowledged() / load.messages
            )
            yield share
            if share != seen:
                began_s, seen = time.monotonic(), share
            elif time.monotonic() - began_s > FIRST_SIGN_WITHIN_S:
                raise Failed(f"it stands at {share:.0%}\n{program.last_words()}")
            if not program.is_running:
                raise Failed(f"it ended at {share:.0%}\n{program.last_words()}")
            time.sleep(self.look_every_s)

    def _await_acknowledgement(self, contender: Contender, watch: Watch) -> None:
        """A kill just after an acknowledgement would hide what one repeats: wait for the middle."""
        before, began_s = watch.acknowledged(), time.monotonic()
        while watch.acknowledged() == before:
            if time.monotonic() - began_s > 2 * contender.acknowledges_s:
                return  # it does not acknowledge to Kafka
            time.sleep(self.look_every_s / 4)
        time.sleep(contender.acknowledges_s / 2)

    def _cpu(self, program: Program) -> dict[str, float]:
        pids = {
            "program": program.pid,
            "PostgreSQL": self.stack.postgres.pid or 0,
            "Kafka": self.stack.kafka.pid or 0,
        }
        return {name: cpu_s(pid) for name, pid in pids.items()}
