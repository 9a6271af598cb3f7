"""One status for many events, and what a process remembers of them."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.gateway.memory import Memory
from services.gateway.results import FORBIDDEN, Outcome, Result, Results

ACCEPTED, DUPLICATE = Result(Outcome.ACCEPTED), Result(Outcome.DUPLICATE)
KEPT, NOT_KEPT = Result(Outcome.KEPT), Result(Outcome.NOT_KEPT)
REFUSED = Result(Outcome.REFUSED, reason="invalid_field", field="queue", detail="wrong")
FOREIGN = Result(Outcome.REFUSED, reason=FORBIDDEN, field="site")


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([ACCEPTED], 202),
        ([DUPLICATE], 202),
        ([ACCEPTED, REFUSED, FOREIGN], 202),
        ([KEPT, ACCEPTED], 503),
        ([NOT_KEPT, REFUSED], 503),
        ([REFUSED], 422),
        ([REFUSED, FOREIGN], 422),
        ([FOREIGN, FOREIGN], 403),
    ],
)
def test_the_status_says_what_a_sender_has_to_do(results: list[Result], status: int) -> None:
    assert Results(results).status == status


def test_each_event_is_told_by_its_place() -> None:
    told = Results([ACCEPTED, REFUSED]).as_json()
    assert (told["accepted"], told["refused"], told["kept"]) == (1, 1, 0)
    assert told["results"][1] == {
        "index": 1,
        "result": "refused",
        "reason": "invalid_field",
        "field": "queue",
        "detail": "wrong",
    }


def event(number: int) -> UUID:
    return UUID(int=number)


def test_the_event_not_heard_of_for_longest_is_forgotten() -> None:
    memory = Memory(most=2)
    memory.remember(event(1), digest=1, place=1)
    memory.remember(event(2), digest=2, place=2)
    assert memory.find(event(1))
    memory.remember(event(3), digest=3, place=3)
    assert memory.find(event(2)) is None
    assert len(memory) == 2
    # Its place means nothing any more.
    memory.acknowledge([1, 2, 3])
    assert [memory.find(event(n)).place for n in (1, 3)] == [None, None]


def test_an_event_that_was_put_aside_is_new_when_it_comes_again() -> None:
    memory = Memory()
    memory.remember(event(1), digest=1, place=7)
    memory.forget(7)
    assert memory.find(event(1)) is None
