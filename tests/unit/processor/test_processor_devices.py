"""What a batch says of its devices."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Clock, Heartbeat
from services.core.decisions import Accepted
from services.processor.devices import BootReport, coverage, multirange

NINE = datetime(2026, 11, 16, 8, tzinfo=UTC)
BOOT = UUID(int=2)


def heartbeat(at: datetime = NINE, seq: int = 1, **changed: Any) -> Heartbeat:
    return Heartbeat(
        **{
            "type": "heartbeat",
            "version": 1,
            "event_id": UUID(int=seq),
            "source": "borne-1",
            "boot_id": BOOT,
            "seq": seq,
            "monotonic_ms": 60_000,
            "occurred_at": at,
            "clock": Clock(synced=True),
            "site": "creteil",
            "covers_s": 60,
        }
        | changed
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 30)))
def test_a_multirange_is_the_set_of_its_numbers_in_the_fewest_ranges(seqs: list[int]) -> None:
    ranges = [
        range(int(start), int(end))
        for start, end in re.findall(r"\[(\d+),(\d+)\)", multirange(seqs))
    ]
    assert [seq for one in ranges for seq in one] == sorted(set(seqs))
    assert all(one.stop < other.start for one, other in pairwise(ranges))


def test_a_multirange_is_written_as_postgresql_reads_it() -> None:
    assert multirange([3, 1, 2, 7, 7]) == "{[1,4),[7,8)}"
    assert multirange([]) == "{}"
    assert multirange([2**53 - 1]) == "{[9007199254740991,9007199254740992)}"


def test_a_boot_tells_of_its_device_what_its_newest_heartbeat_says() -> None:
    boot = BootReport("borne-1", BOOT, "creteil", NINE, is_anchored=True, seqs=[3, 1])
    boot.add_heartbeat(heartbeat(NINE, seq=3, outbox_depth=7, software="1.1"))
    boot.add_heartbeat(heartbeat(NINE - timedelta(minutes=2), seq=1, outbox_depth=9))
    row = boot.row(anchor=None)
    assert (row.seqs, row.outbox_depth, row.software) == ("{[1,2),[3,4)}", 7, "1.1")


def test_a_heartbeat_sent_twice_covers_its_minutes_once() -> None:
    one = Accepted(heartbeat(covers_s=120), NINE, "stated")
    other = Accepted(
        heartbeat(NINE + timedelta(minutes=1), seq=2), NINE + timedelta(minutes=1), "stated"
    )
    covered = coverage([one, one, other])
    assert sum(mask.bit_count() for mask in covered.values()) == 3
    assert {(site, device) for _, site, device in covered} == {("creteil", "borne-1")}


def test_a_heartbeat_of_an_unknown_time_covers_nothing() -> None:
    assert coverage([Accepted(heartbeat(), NINE, "uncertain")]) == {}
