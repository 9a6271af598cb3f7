from __future__ import annotations

import json
import threading
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.edge.device import Device
from services.edge.heartbeat import NEARLY_FULL, Coverage, beat, is_due
from services.edge.outbox import Outbox


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=50))
def test_heartbeats_claim_every_whole_second_once(waits_ms):
    now_ms = 0
    coverage = Coverage.starting(now_ms)
    claimed_s = 0
    for wait_ms in waits_ms:
        now_ms += wait_ms
        coverage = coverage.checked(now_ms, able=True, interval_s=30)
        claimed_s += coverage.covers_s(now_ms)
        coverage = coverage.after_heartbeat(now_ms)
    assert claimed_s == now_ms // 1000


def test_time_in_which_nothing_could_be_recorded_is_not_claimed():
    coverage = Coverage.starting(0).checked(30_000, able=False, interval_s=30)
    assert coverage.checked(60_000, able=True, interval_s=30).covers_s(60_000) == 30


def test_time_asleep_is_not_claimed():
    coverage = Coverage.starting(0).checked(8 * 3600_000, able=True, interval_s=30)
    assert coverage.covers_s(8 * 3600_000) == 0


def test_no_heartbeat_claims_more_than_an_hour():
    assert Coverage(0, 0).covers_s(10 * 3600_000) == 3600


def test_a_nearly_full_outbox_thins_heartbeats_out():
    assert is_due(0, 30_000, interval_s=30, fullness=0.5)
    assert not is_due(0, 30_000, interval_s=30, fullness=NEARLY_FULL)
    assert is_due(0, 3_300_000, interval_s=30, fullness=NEARLY_FULL)


class _StopAfter(threading.Event):
    """Each wait moves the virtual clock instead of sleeping."""

    def __init__(self, clock, waits):
        super().__init__()
        self._clock = clock
        self._left = waits

    def wait(self, timeout=None):
        self._clock.since_boot += timedelta(seconds=timeout)
        self._left -= 1
        return self._left < 0


def _heartbeats(outbox):
    bodies = [json.loads(entry.body) for entry in outbox.pending(10_000)]
    return [body["covers_s"] for body in bodies if body["type"] == "heartbeat"]


def test_a_device_beats_at_each_interval(device, outbox, clock):
    beat(device, _StopAfter(clock, 10), interval_s=30)
    assert _heartbeats(outbox) == [30] * 10


def test_heartbeats_make_room_for_visitors(tmp_path, clock, caplog):
    outbox = Outbox(tmp_path / "small.db", max_bytes=200_000, min_free_bytes=0)
    device = Device("creteil-kiosk-1", "creteil", outbox, clock)
    beat(device, _StopAfter(clock, 2000), interval_s=30)
    covered = _heartbeats(outbox)
    assert 3300 in covered
    assert "one heartbeat an hour" in caplog.text
    device.issue_ticket("q", "A1", "d", "s")
    outbox.close()


def test_a_full_outbox_does_not_end_the_heartbeats(tmp_path, clock, caplog):
    outbox = Outbox(tmp_path / "full.db", min_free_bytes=2**60)
    device = Device("creteil-kiosk-1", "creteil", outbox, clock)
    beat(device, _StopAfter(clock, 500), interval_s=30)
    assert "heartbeat not recorded" in caplog.text
    outbox.min_free_bytes = 0
    beat(device, _StopAfter(clock, 1), interval_s=30)
    assert _heartbeats(outbox) == [30]
    outbox.close()
