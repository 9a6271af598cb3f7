"""What a person reads: whole ids, plain brackets, no body in a list."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.table import Table

from schemas.dead_letters import WITHHELD
from schemas.reasons import Reason
from services.deadletters import screen
from services.deadletters.letters import Letter, LetterId, ReasonCount
from services.deadletters.progress import progress
from services.deadletters.replay import Outcome

PARIS = ZoneInfo("Europe/Paris")

MakeLetter = Callable[..., Letter]


def shown(table: Table) -> str:
    stream = io.StringIO()
    screen.print_table(table, stream)
    return stream.getvalue()


def test_a_list_shows_ids_whole_and_times_on_peoples_clock(letter: MakeLetter) -> None:
    wide = letter(topic="prefecture-94.production.visit-events", offset=123_456_789_012)
    output = shown(screen.letters_table([wide], PARIS))
    assert "prefecture-94.production.visit-events/3/123456789012" in output
    assert "2026-11-24 09:12" in output
    assert "times of Europe/Paris" in output


def test_brackets_are_no_markup(letter: MakeLetter) -> None:
    assert "[bold]" in shown(screen.letters_table([letter(detail="[bold]")], PARIS))


def test_json_and_csv_have_the_same_fields_and_no_body(letter: MakeLetter) -> None:
    as_json, as_csv = io.StringIO(), io.StringIO()
    screen.write_json([letter()], as_json)
    screen.write_csv([letter()], as_csv)
    [of_json] = json.loads(as_json.getvalue())
    [of_csv] = csv.DictReader(io.StringIO(as_csv.getvalue()))
    assert list(of_json) == list(of_csv) == list(screen.COLUMNS)
    assert of_json["id"] == of_csv["id"] == "visit-events/3/17"
    assert of_json["received_at"] == "2026-11-24T08:12:05.120000+00:00"
    assert "A001" not in as_json.getvalue() + as_csv.getvalue()


def test_one_letter_tells_what_is_withheld(letter: MakeLetter) -> None:
    body = {"number": WITHHELD, "party_size": {"persons": WITHHELD}, "type": "ticket_issued"}
    lines = "\n".join(screen.one_letter(letter(body=body, replayable=False), [], PARIS))
    assert "in part; withheld: number, party_size.persons" in lines
    assert "received    2026-11-24 09:12:05+01:00" in lines
    assert "state       from topic" in lines


def test_one_letter_tells_what_nothing_was_kept_of(letter: MakeLetter) -> None:
    nothing = letter(body=None, replayable=False, reason="not_json", event_id=None)
    lines = "\n".join(screen.one_letter(nothing, [], PARIS))
    assert "no JSON object" in lines
    assert "None" not in lines


def test_one_letter_names_where_it_failed_again(letter: MakeLetter) -> None:
    again = (LetterId("visit-events", 3, 40), "unknown_queue", datetime(2026, 11, 25, tzinfo=UTC))
    lines = "\n".join(screen.one_letter(letter(), [again], PARIS))
    assert "visit-events/3/40, refused 2026-11-25 01:00:00+01:00 for unknown_queue" in lines


def count_of(reason: str, *numbers: int, **changes: Any) -> ReasonCount:
    usual = {"field": "desk", "detail": "no desk 'g9'", "details": 1}
    names = ("messages", "waiting_for_replay", "kept_in_part", "replayed")
    newest_at = datetime(2026, 11, 24, tzinfo=UTC)
    fields: dict[str, Any] = usual | dict(zip(names, numbers, strict=True)) | changes
    return ReasonCount(reason=reason, last_received_at=newest_at, **fields)


def test_reasons_say_how_many_can_be_replayed_and_how() -> None:
    output = shown(
        screen.reasons_table(
            [count_of("unknown_desk", 7, 4, 1, 2), count_of("conflict", 9, 8, 1, 0)], PARIS
        )
    )
    numbers = [re.findall(r" (\d+|·)(?= )", line) for line in output.splitlines()]
    assert ["7", "4", "1", "·", "2"] in numbers
    assert ["9", "·", "·", "9", "·"] in numbers


@pytest.mark.parametrize("reason", Reason)
def test_a_command_in_an_advice_stays_on_one_line(reason: Reason) -> None:
    for line in screen.advice([count_of(reason, 1, 1, 0, 0)]):
        assert all(part.count("`") % 2 == 0 for part in line.splitlines())
        assert len(max(line.splitlines(), key=len)) <= 96


def test_advice_is_given_once_for_a_reason_with_the_commonest_details() -> None:
    counts = [
        count_of("unknown_desk", 7, 4, 1, 2, details=3),
        count_of("mismatch", 1, 1, 0, 0, detail=None, details=0),
        count_of("unknown_desk", 1, 1, 0, 0, field="other", detail="none"),
    ]
    lines = list(screen.advice(counts))
    assert lines[0].startswith("unknown_desk: ")
    assert lines[1:3] == ["    no desk 'g9' (+2 others)", "    none"]
    assert lines[3].startswith("  → ")
    assert [line.split(":")[0] for line in lines if line[0] != " "] == ["unknown_desk", "mismatch"]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "to replay"),
        ({"replayable": False}, "from topic"),
        ({"reason": "too_old"}, "never"),
        ({"reason": "too_old", "replayed_at": datetime(2026, 11, 25, tzinfo=UTC)}, "replayed"),
    ],
)
def test_a_letter_says_what_can_be_done_with_it(
    letter: MakeLetter, changes: dict[str, Any], state: str
) -> None:
    assert screen.state_of(letter(**changes)) == state


def test_an_outcome_tells_counts_and_refusals() -> None:
    ids = [LetterId("visit-events", 0, n) for n in range(3)]
    outcome = Outcome(Counter(mismatch=2), 1, Counter({"because so.": 9}), {"because so.": ids})
    lines = list(screen.outcome_lines(outcome, dry_run=True))
    assert lines[0] == "2 would be replayed: 2 mismatch"
    assert "--again" in lines[1]
    assert lines[2].startswith("9 not sent (visit-events/0/0, ")
    assert lines[2].endswith(", …):")


def test_a_bar_is_drawn_only_on_a_terminal_and_after_two_seconds() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    clock = [0.0]
    for stream, drawn in ((Terminal(), True), (io.StringIO(), False)):
        clock[0] = 0.0
        with progress(10, stream, monotonic=lambda: clock[0]) as advance:
            advance(1)
            assert stream.getvalue() == ""
            clock[0] = 2.5
            advance(9)
        assert ("dead letters" in stream.getvalue()) == drawn
