from __future__ import annotations

from pathlib import Path
from uuid import UUID

from services.edge import clock
from services.edge.clock import SystemClock


def test_the_boot_id_stays_until_the_next_boot():
    assert SystemClock().boot_id == SystemClock().boot_id


def test_a_replaced_outbox_counts_as_another_boot():
    first, second = SystemClock(UUID(int=1)), SystemClock(UUID(int=2))
    assert first.boot_id != second.boot_id
    assert first.boot_id == SystemClock(UUID(int=1)).boot_id


def test_without_a_kernel_boot_id_the_process_has_one(monkeypatch):
    monkeypatch.setattr(clock, "_BOOT_ID", Path("/nowhere"))
    assert SystemClock().boot_id == SystemClock().boot_id


def test_the_monotonic_clock_does_not_go_back():
    system = SystemClock()
    readings = [system.monotonic_ms() for _ in range(100)]
    assert readings == sorted(readings)
    assert readings[0] > 0


def test_a_kernel_that_cannot_be_asked_is_not_believed(monkeypatch):
    monkeypatch.setattr(clock, "_adjtimex", lambda: None)
    assert SystemClock().synced is False


def test_the_kernels_word_is_taken(monkeypatch):
    def kernel(status, state):
        def adjtimex(reference):
            reference._obj.status = status
            return state

        return lambda: adjtimex

    for status, state, synced in [(0, 0, True), (0x40, 5, False), (0x40, 0, False), (0, -1, False)]:
        monkeypatch.setattr(clock, "_adjtimex", kernel(status, state))
        assert SystemClock().synced is synced


def test_the_wall_clock_is_aware():
    assert SystemClock().now().tzinfo is not None
