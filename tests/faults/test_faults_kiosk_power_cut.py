"""The power of the whole hall is cut while its devices write and deliver."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from services.simulator.simulation import Simulation
from services.simulator.station import by_device
from tests.faults.conftest import Effort
from tests.faults.proof import Ledger, recovered_s
from tests.faults.sessions import Sessions
from tests.pipeline import Pipeline


class Hall:
    """The process with all devices, and what it reported as written."""

    def __init__(self, pipeline: Pipeline, day: Simulation, folder: Path) -> None:
        self.written: dict[str, int] = {}
        """Events of each device that were reported as written."""
        plan = folder / "plan.pickle"
        plan.write_bytes(pickle.dumps(by_device(day.events)))
        outboxes = folder / "outboxes"
        outboxes.mkdir()
        self._command = [sys.executable, "-m", "tests.faults.hall"]
        self._command += [str(plan), pipeline.kafka, pipeline.prefix, str(outboxes)]

    def run(self, until: int | None = None) -> None:
        """Let the devices work; cut the power once so many events are reported as written."""
        with subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                said = json.loads(line)
                if "done" in said:
                    assert until is None
                    break
                # Also the first reports after a cut: what was reported before it is still there.
                assert said["durable"] >= self.written.get(said["device"], 0)
                self.written[said["device"]] = said["durable"]
                if until is not None and sum(self.written.values()) >= until:
                    break
            process.kill()


def test_a_power_cut_in_the_hall_loses_no_event_that_was_reported_as_written(
    pipeline: Pipeline,
    sessions: Sessions,
    day: Simulation,
    effort: Effort,
    chance: Random,
    ledger: Ledger,
    eventually: Any,
    tmp_path: Path,
) -> None:
    pipeline.worker()
    hall = Hall(pipeline, day, tmp_path)
    part = len(day.events) / (effort.power_cuts + 1)
    for number in range(effort.power_cuts):
        hall.run(until=int(part * (number + chance.uniform(0.2, 1))))
    eventually(pipeline.drained)
    with ThreadPoolExecutor(1) as executor:
        before = sessions.recorded()
        last_life = executor.submit(hall.run)
        recovery = recovered_s(sessions, before)
        last_life.result(timeout=120)
    assert sum(hall.written.values()) == len(day.events)
    ledger.close(f"power of the hall cut {effort.power_cuts} times", pipeline, day, recovery)
