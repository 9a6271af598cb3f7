"""What a person reads: reasons with their remedy, lists, one dead letter, the end of a replay."""

from __future__ import annotations

import csv
import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.deadletters.letters import Letter, LetterId, ReasonCount
from services.deadletters.remedies import explanation_of, remedy_of
from services.deadletters.replay import Outcome

COLUMNS = (
    *("id", "received_at", "reason", "field", "detail", "event_id", "site", "source", "bytes"),
    *("sha256", "replayable", "replayed_at"),
)
_TO_REPLAY, _FROM_TOPIC, _NEVER, _REPLAYED = "to replay", "from topic", "never", "replayed"
_STATES = (_TO_REPLAY, _FROM_TOPIC, _NEVER, _REPLAYED)
_WITHOUT_TERMINAL = 160
_COMMAND = re.compile("`[^`]*`")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def print_table(table: Table, stream: TextIO) -> None:
    """Print a table; wide where nobody's terminal sets the width, so that ids stay whole."""
    width = None if stream.isatty() else _WITHOUT_TERMINAL
    Console(file=stream, width=width, highlight=False).print(table)


def reasons_table(counts: Sequence[ReasonCount], zone: ZoneInfo) -> Table:
    """One line for each reason and field; the four last numbers add up to the first."""
    table = _table(zone)
    table.add_column("Reason", no_wrap=True)
    table.add_column("Field", overflow="fold")
    for name in ("Messages", *_STATES):
        table.add_column(name.capitalize(), justify="right")
    table.add_column("Newest", no_wrap=True)
    for count in counts:
        table.add_row(
            count.reason,
            # As Text: rich takes square brackets for markup.
            Text(count.field or ""),
            *(str(n or "·") for n in (count.messages, *_by_state(count))),
            _short(count.last_received_at, zone),
        )
    return table


def _by_state(count: ReasonCount) -> tuple[int, int, int, int]:
    if remedy_of(count.reason).replay_helps:
        return count.waiting_for_replay, count.kept_in_part, 0, count.replayed
    return 0, 0, count.waiting_for_replay + count.kept_in_part, count.replayed


def state_of(letter: Letter) -> str:
    """What can be done with it: `to replay`, `from topic`, `never`; or `replayed`."""
    if letter.replayed_at is not None:
        return _REPLAYED
    if not remedy_of(letter.reason).replay_helps:
        return _NEVER
    return _TO_REPLAY if letter.replayable else _FROM_TOPIC


def advice(counts: Sequence[ReasonCount]) -> Iterator[str]:
    """What each reason means, the commonest detail of each field, and what to do; once each."""
    for reason in dict.fromkeys(count.reason for count in counts):
        of_reason = [count for count in counts if count.reason == reason]
        yield from _advice(reason, [_detail(count) for count in of_reason if count.detail])


def _detail(count: ReasonCount) -> str:
    others = f" (+{count.details - 1} others)" if count.details > 1 else ""
    return f"{count.detail}{others}"


def _advice(reason: str, details: Sequence[str] = ()) -> Iterator[str]:
    yield _filled(f"{reason}: {explanation_of(reason)}", "", "    ")
    for detail in details:
        yield f"    {detail}"
    yield _filled(remedy_of(reason).advice, "  → ", "    ")


def letters_table(letters: Sequence[Letter], zone: ZoneInfo) -> Table:
    """One line for each dead letter."""
    table = _table(zone)
    table.add_column("Id", no_wrap=True)
    table.add_column("Received", no_wrap=True)
    table.add_column("Reason", no_wrap=True)
    for name in ("Site", "Source"):
        table.add_column(name, overflow="fold")
    table.add_column("State", no_wrap=True)
    table.add_column("Detail", overflow="fold")
    for letter in letters:
        table.add_row(
            str(letter.id),
            _short(letter.received_at, zone),
            letter.reason,
            letter.site or "",
            letter.source or "",
            state_of(letter),
            Text(letter.detail or ""),
        )
    return table


def write_json(letters: Sequence[Letter], stream: TextIO) -> None:
    """An array of objects, instants in UTC; bodies are left to `show`."""
    stream.write(json.dumps([_fields(letter) for letter in letters], indent=2) + "\n")


def write_csv(letters: Sequence[Letter], stream: TextIO) -> None:
    """One line for each, header first, instants in UTC."""
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    writer.writerows(_fields(letter) for letter in letters)


def one_letter(
    letter: Letter, same_event: Sequence[tuple[LetterId, str, datetime]], zone: ZoneInfo
) -> Iterator[str]:
    """Everything that is kept of one dead letter, line by line."""
    yield str(letter.id)
    for name, value in _particulars(letter, zone):
        if value:
            yield f"  {name:<11} {value}"
    for other, reason, received_at in same_event:
        yield f"  {'same event':<11} {other}, refused {local(received_at, zone)} for {reason}"
    yield ""
    yield from _advice(letter.reason)
    yield ""
    if letter.body is None:
        yield "No body is kept."
    else:
        yield json.dumps(letter.body, indent=2, ensure_ascii=False)


def outcome_lines(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    """What a replay did: counts, then each refusal with its first ids."""
    total = outcome.replayed.total()
    by_reason = ", ".join(f"{n} {reason}" for reason, n in outcome.replayed.most_common())
    verb = "would be replayed" if dry_run else "replayed"
    if not (total or outcome.skipped or outcome.refused):
        yield f"0 {verb}: nothing fits, or all of it was replayed before (--again)"
        return
    yield f"{total} {verb}" + (f": {by_reason}" if by_reason else "")
    if outcome.skipped:
        yield f"{outcome.skipped} skipped: replayed before; --again sends them once more"
    for why, n in outcome.refused.most_common():
        ids = ", ".join(str(one) for one in outcome.examples[why])
        yield f"{n} not sent ({ids}{', …' if n > len(outcome.examples[why]) else ''}):"
        yield _filled(why, "  ", "  ")


def local(at: datetime, zone: ZoneInfo) -> str:
    """An instant on people's clock, with its offset: `2026-11-24 09:12:05+01:00`."""
    return at.astimezone(zone).isoformat(" ", "seconds")


def _short(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _table(zone: ZoneInfo) -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        caption=f"times of {zone.key}",
        caption_justify="left",
    )


def _filled(text: str, first: str, next_: str) -> str:
    # A command stays on one line, to be copied: textwrap does not break at these spaces.
    unbroken = _COMMAND.sub(lambda command: command[0].replace(" ", _NO_BREAK), text)
    lines = textwrap.fill(
        unbroken, 96, initial_indent=first, subsequent_indent=next_, break_on_hyphens=False
    )
    return lines.replace(_NO_BREAK, " ")


def _particulars(letter: Letter, zone: ZoneInfo) -> Iterator[tuple[str, str | None]]:
    yield "received", local(letter.received_at, zone)
    yield "reason", letter.reason
    yield "field", letter.field
    yield "detail", letter.detail
    yield "event", letter.event_id
    yield "site", letter.site
    yield "source", letter.source
    yield "size", f"{letter.bytes} bytes, sha256 {letter.sha256}"
    yield "kept", _kept(letter)
    replayed_at = letter.replayed_at
    yield "state", state_of(letter) + (f" {local(replayed_at, zone)}" if replayed_at else "")


def _kept(letter: Letter) -> str:
    if letter.replayable:
        return "whole"
    if letter.body is None:
        return "nothing: the body is no JSON object"
    if letter.withheld:
        return f"in part; withheld: {', '.join(letter.withheld)}"
    return "in part; fields that are not of the contract were left out"


def _fields(letter: Letter) -> dict[str, Any]:
    values = {name: getattr(letter, name) for name in COLUMNS if name != "id"}
    values["received_at"] = letter.received_at.astimezone(UTC).isoformat()
    if letter.replayed_at is not None:
        values["replayed_at"] = letter.replayed_at.astimezone(UTC).isoformat()
    return {"id": str(letter.id), **values}
