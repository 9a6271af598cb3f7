"""Exports of a folder as events, once: taken row by row, through an outbox, to Kafka."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from schemas.codec import encode
from services.adapters.errors import AdapterError, InvalidExport, SourceUnavailable
from services.adapters.mapping import Mapping
from services.adapters.refusals import Refusal
from services.adapters.rows import Row, rows_of, translate_row
from services.adapters.settling import settles_in_s, wanted
from services.adapters.sources import Listed, Source
from services.adapters.taken import Taken
from services.adapters.translation import AnyEvent
from services.edge.emitter import Emitter
from services.edge.outbox import Outbox
from services.edge.outbox_entries import Entry

BATCH_ROWS = 500
_CHUNK_BYTES = 256 * 1024
# The clock that waits and the clock that dates are not the same.
_MARGIN_S = 0.1

T = TypeVar("T")
Progress = Callable[[int], None]


class Interrupted(Exception):
    """It was stopped; what is taken is in the outbox, and the next run goes on."""


@dataclass
class Outcome:
    """What came of a run."""

    files: int = 0
    known: int = 0
    """Files that had been taken before."""
    unsettled: list[str] = field(default_factory=list)
    """Files that somebody still writes; the next run looks again."""
    rows: int = 0
    events: int = 0
    refused: int = 0
    problems: list[str] = field(default_factory=list)
    """Files that could not be taken, and why."""


class Report:
    """The list of refused rows: file, line, reason and field, as JSON lines; never a cell."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, refusals: Iterable[tuple[Row, Refusal]]) -> None:
        """Write refusals down; they are on the disk before their rows count as taken."""
        lines = [
            json.dumps(
                {
                    "file": name,
                    "line": row.line,
                    "event": refusal.event_type,
                    "reason": refusal.reason,
                    "field": refusal.field,
                    "detail": refusal.detail,
                },
                ensure_ascii=False,
            )
            for row, refusal in refusals
        ]
        if lines:
            try:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write("\n".join(lines) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise SourceUnavailable(
                    f"{self.path} cannot be written ({error.strerror}). Remedy: say --report"
                ) from None


class Pull:
    """One run: every export that is whole and was not taken yet.

    `clock` is seconds since 1970; `stop` ends the run between two batches.
    """

    def __init__(
        self,
        mapping: Mapping,
        source: Source,
        taken: Taken,
        outbox: Outbox,
        emitter: Emitter,
        report: Report,
        *,
        clock: Callable[[], float],
        stop: threading.Event,
        progress: Callable[[int], Progress] = lambda total: lambda more: None,
    ) -> None:
        self._mapping = mapping
        self._source = source
        self._taken = taken
        self._outbox = outbox
        self._emitter = emitter
        self._report = report
        self._clock = clock
        self._stop = stop
        self._progress = progress

    def run(self) -> Outcome:
        """Take what there is. Raises Interrupted, SourceUnavailable and the outbox's errors."""
        outcome = Outcome()
        # What an earlier run left behind goes first.
        self._deliver()
        settled = self._settled(outcome)
        advance = self._progress(sum(file.size for file in settled))
        for file in settled:
            try:
                self._take(file, outcome, advance)
            except InvalidExport as error:
                # The others are good all the same.
                outcome.problems.append(str(error))
        return outcome

    def _settled(self, outcome: Outcome) -> list[Listed]:
        export = self._mapping.csv
        assert export is not None
        was_looked_at = False
        while True:
            now = self._clock()
            files = wanted(self._source.files(), export)
            new = [file for file in files if not self._taken.is_done(file)]
            left_s = {f.name: settles_in_s(self._taken.sighted(f, now), now, export) for f in new}
            # Looked at twice at most: what changes meanwhile is left to the next run.
            waiting_s = max(left_s.values(), default=0.0)
            if not waiting_s or was_looked_at:
                outcome.known = len(files) - len(new)
                outcome.unsettled = [name for name, left in left_s.items() if left]
                return [file for file in new if not left_s[file.name]]
            was_looked_at = True
            if self._stop.wait(waiting_s + _MARGIN_S):
                raise Interrupted

    def _take(self, file: Listed, outcome: Outcome, advance: Progress) -> None:
        with tempfile.TemporaryFile(dir=self._taken.path.parent) as copy:
            sha256 = _copied(self._source, file, copy, advance)
            if sha256 is None:
                outcome.unsettled.append(file.name)
                return
            done, is_done = self._taken.begin(file, sha256)
            outcome.files += 1
            if not is_done:
                rows = rows_of(copy, self._mapping, file.name, after=done)
                for batch in _batches(rows, BATCH_ROWS):
                    self._take_rows(file, batch, outcome)
                self._taken.finish(file.name)

    def _take_rows(self, file: Listed, rows: list[Row], outcome: Outcome) -> None:
        results = [(row, one) for row in rows for one in translate_row(self._mapping, row)]
        refusals = [(row, one) for row, one in results if isinstance(one, Refusal)]
        events = [one for _, one in results if not isinstance(one, Refusal)]
        self._report.add(file.name, refusals)
        # Durable in the outbox first: a crash in between sends duplicates, and loses nothing.
        self._outbox.enqueue([_entry(event) for event in events])
        self._taken.advance(file.name, rows[-1].number)
        outcome.rows += len(rows)
        outcome.events += len(events)
        outcome.refused += len({row.number for row, _ in refusals})
        self._deliver()

    def _deliver(self) -> None:
        self._emitter.run(self._stop, until_empty=True)
        if self._stop.is_set():
            raise Interrupted


def _copied(source: Source, file: Listed, copy: BinaryIO, advance: Progress) -> str | None:
    """The digest of a file that is now in `copy`; None when it was not as listed."""
    digest = hashlib.sha256()
    with source.open(file) as original:
        while chunk := original.read(_CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
            advance(len(chunk))
    if copy.tell() != file.size:
        return None
    copy.seek(0)
    return digest.hexdigest()


def _entry(event: AnyEvent) -> Entry:
    return Entry(0, str(event.event_id), event.type, event.occurred_at.isoformat(), encode(event))


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def try_out(mapping: Mapping, source: Source) -> Iterator[tuple[str, Row, AnyEvent | Refusal]]:
    """What would come of every export, taken or not; nothing is remembered or sent.

    Raises AdapterError.
    """
    assert mapping.csv is not None
    for file in wanted(source.files(), mapping.csv):
        with tempfile.TemporaryFile() as copy:
            if _copied(source, file, copy, lambda _: None) is None:
                raise AdapterError(f"{file.name} changed while it was read: try again")
            for row in rows_of(copy, mapping, file.name):
                for result in translate_row(mapping, row):
                    yield file.name, row, result
