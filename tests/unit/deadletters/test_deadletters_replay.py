"""A dead letter is noted as replayed only after the broker has acknowledged it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from services.deadletters.errors import KafkaRefuses
from services.deadletters.letters import Letter, LetterId, Selection
from services.deadletters.replay import Replay
from services.deadletters.sending import Original, Sendable

MakeLetter = Callable[..., Letter]


class ListedLetters:
    """Letters in a list, whatever is selected; what was marked is remembered."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self.letters = letters
        self.marked: list[LetterId] = []

    def batches(self, selection: Selection, size: int) -> Iterator[list[Letter]]:
        rest = iter(self.letters)
        while batch := list(islice(rest, size)):
            yield batch

    def mark_replayed(self, letter_ids: Sequence[LetterId]) -> None:
        self.marked += letter_ids


class FailingSender:
    """A broker that acknowledges a number of messages, then none."""

    def __init__(self, acknowledges: int) -> None:
        self.left = acknowledges

    def send(self, messages: Sequence[Sendable]) -> tuple[list[LetterId], Exception | None]:
        taken = messages[: self.left]
        self.left -= len(taken)
        failure = OSError("away") if len(taken) < len(messages) else None
        return [message.letter.id for message in taken], failure


def run(store: ListedLetters, **how: Any) -> Any:
    told: list[int] = []
    usual: dict[str, Any] = {"sender": FailingSender(10_000), "read_original": None}
    replay = Replay(store=store, prefix="", **usual | how)
    return replay.run(Selection(), told.append), sum(told)


def test_all_are_sent_and_noted(letter: MakeLetter) -> None:
    store = ListedLetters([letter(offset=n) for n in range(1200)])
    outcome, told = run(store)
    assert outcome.replayed == {"unknown_directorate": 1200}
    assert [one.offset for one in store.marked] == list(range(1200))
    assert told == 1200


def test_only_the_acknowledged_are_noted_when_the_broker_fails(letter: MakeLetter) -> None:
    store = ListedLetters([letter(offset=n) for n in range(1200)])
    with pytest.raises(KafkaRefuses, match="703 are replayed"):
        run(store, sender=FailingSender(703))
    assert [one.offset for one in store.marked] == list(range(703))


def test_a_dry_run_counts_and_notes_nothing(letter: MakeLetter) -> None:
    store = ListedLetters([letter(), letter(offset=18, replayable=False)])
    outcome, _ = run(store, sender=None)
    assert outcome.replayed.total() == 1
    assert outcome.refused.total() == 1
    assert store.marked == []


def test_refusals_of_one_kind_are_told_once_with_the_first_ids(letter: MakeLetter) -> None:
    store = ListedLetters([letter(offset=n, replayable=False) for n in range(5)])
    outcome, _ = run(store)
    [(why, n)] = outcome.refused.items()
    assert n == 5
    assert [one.offset for one in outcome.examples[why]] == [0, 1, 2]


def test_those_replayed_before_are_skipped_unless_again(letter: MakeLetter) -> None:
    store = ListedLetters([letter(replayed_at=datetime(2026, 11, 25, tzinfo=UTC)), letter()])
    outcome, _ = run(store)
    assert (outcome.skipped, outcome.replayed.total()) == (1, 1)
    outcome, _ = run(store, again=True)
    assert (outcome.skipped, outcome.replayed.total()) == (0, 2)


def test_originals_are_read_only_for_what_is_not_whole(letter: MakeLetter) -> None:
    asked: list[LetterId] = []

    def read(letter_id: LetterId) -> Original | None:
        asked.append(letter_id)
        return Original(b"k", b"verbatim")

    store = ListedLetters([letter(), letter(offset=18, replayable=False)])
    outcome, _ = run(store, read_original=read)
    assert [one.offset for one in asked] == [18]
    assert outcome.replayed.total() == 2
