"""The proof after a fault: every event is counted exactly once, and what that took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import monotonic
from uuid import UUID

from schemas.events import Heartbeat
from services.simulator.simulation import Simulation
from tests.conftest import eventually
from tests.faults.sessions import Sessions
from tests.pipeline import Pipeline, audit_findings, counted, true


@dataclass(frozen=True)
class Outcome:
    """A row of the table: a fault and what it cost, in events of visits."""

    fault: str
    sent: int
    counted: int
    lost: int
    twice: int
    """Recorded more than once."""
    repeats: int
    """Came to a worker again and changed nothing; shows that the fault hit."""
    recovery_s: float | None
    """The longest time from the end of the fault to the next recorded batch."""

    def line(self, width: int) -> str:
        """The row as text, the fault's name in so many columns."""
        recovery = "-" if self.recovery_s is None else f"{self.recovery_s:.1f}"
        return (
            f"{self.fault:{width}} {self.sent:7} {self.counted:8} {self.lost:5} {self.twice:6}"
            f" {self.repeats:8} {recovery:>11}"
        )


class Ledger:
    """Collects the outcomes of a session."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def close(
        self, fault: str, pipeline: Pipeline, simulation: Simulation, *recoveries_s: float
    ) -> Outcome:
        """Wait for the end of the work, enter what became of it, and assert that it is exact."""
        eventually(pipeline.drained, deadline_s=120)
        outcome = measure(fault, pipeline, simulation, recoveries_s)
        self.outcomes.append(outcome)
        assert_exact(pipeline, simulation)
        return outcome

    def lines(self) -> list[str]:
        """The table, ready to print."""
        width = max(len(outcome.fault) for outcome in self.outcomes)
        title = f"{'fault':{width}}    sent  counted  lost  twice  repeats  recovery s"
        return [title, *(outcome.line(width) for outcome in self.outcomes)]


def measure(
    fault: str, pipeline: Pipeline, simulation: Simulation, recoveries_s: Iterable[float]
) -> Outcome:
    """What became of the simulation's events, in the database and in the workers' logs."""
    sent = _visit_events(simulation)
    recorded = [row[0] for row in pipeline.database.rows("SELECT event_id FROM visit_event")]
    return Outcome(
        fault,
        sent=len(sent),
        counted=len(set(recorded)),
        lost=len(sent - set(recorded)),
        twice=len(recorded) - len(set(recorded)),
        repeats=sum(
            line["duplicates"]
            for worker in pipeline.workers
            for line in worker.said("batch recorded")
        ),
        recovery_s=max(recoveries_s, default=None),
    )


def assert_exact(pipeline: Pipeline, simulation: Simulation) -> None:
    """Every event of the simulation is counted exactly once, and nothing else is."""
    database = pipeline.database
    assert counted(database) == true(simulation)
    assert database.value("SELECT count(*) FROM dead_letter") == 0
    recorded = [row[0] for row in database.rows("SELECT event_id FROM visit_event")]
    assert sorted(recorded) == sorted(_visit_events(simulation))
    assert audit_findings(database) == []


def recovery_s(sessions: Sessions, end_fault: Callable[[], object]) -> float:
    """End the fault, and tell how long the next recorded batch took from then."""
    before = sessions.recorded()
    end_fault()
    return recovered_s(sessions, before)


def recovered_s(sessions: Sessions, before: int) -> float:
    """How long it takes from now until more than `before` events are recorded."""
    ended = monotonic()
    eventually(lambda: sessions.recorded() > before, deadline_s=90)
    return monotonic() - ended


def thinned(simulation: Simulation, every: int) -> Simulation:
    """The same visits with every so-manieth heartbeat only; their truth is the same."""
    beats = 0
    events = []
    for event in simulation.events:
        if event.event_class is Heartbeat:
            beats += 1
            if beats % every:
                continue
        events.append(event)
    return replace(simulation, events=tuple(events))


def _visit_events(simulation: Simulation) -> set[UUID]:
    return {event.event_id for event in simulation.events if "visit_id" in event.fields}
