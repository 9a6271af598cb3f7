"""Files added up to buckets: each row once, with what was wrong with the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path

from schemas.registry import Site
from services.core.calendar import BUCKET_US, open_periods, to_us
from services.core.footfall import Footfall, FootfallKey, difference
from services.core.visits import Visit, fold
from services.importer.errors import BadRow, ImportRefused
from services.importer.mapping import HourlyMapping, VisitMapping
from services.importer.rows import (
    Cells,
    HourRow,
    Place,
    VisitRow,
    hour_reader,
    row_filter,
    visit_reader,
)
from services.importer.tables import Line, Rows, open_rows

_QUARTERS = 4
_EXAMPLES = 3

Progress = Callable[[int], None]


@dataclass
class Findings:
    """What was read, and what was wrong: counts, and the first lines of each reason."""

    read: int = 0
    good: int = 0
    empty: int = 0
    totals: int = 0
    left_out: int = 0
    """By the mapping: another site, a label that stands for null."""
    repeated: int = 0
    """The same row again, counted once."""
    bad: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def refuse(self, path: Path, line: int, error: BadRow) -> None:
        """Count a bad row, and keep the first ones of its reason."""
        self.bad[error.reason] += 1
        if len(self.examples[error.reason]) < _EXAMPLES:
            self.examples[error.reason].append(f"{path.name}:{line}: {error.detail}")


@dataclass
class Reading:
    """What files say of a site: the buckets, and the local days of which they have a row."""

    findings: Findings
    footfall: Footfall
    days: dict[date, set[str]]
    """With the names of the files that have a row of the day."""

    def file_names(self, day: date) -> str:
        """The names of the day's files, as they are stored."""
        return ", ".join(sorted(self.days[day]))


def read_files(
    paths: Sequence[Path],
    mapping: VisitMapping | HourlyMapping,
    place: Place,
    site: Site,
    progress: Progress = lambda _: None,
) -> Reading:
    """Read all files with one mapping. Raises ImportRefused where a file is not as it says.

    `progress` is told how many bytes were read of all files. Memory grows with the buckets and,
    where the mapping names tickets, with the tickets; not with the files.
    """
    reading = Reading(Findings(), Footfall(), defaultdict(set))
    if isinstance(mapping, VisitMapping):
        visits = _visits(paths, mapping, place, reading, progress)
        reading.footfall = difference((), visits)
    else:
        reading.footfall = _hours(paths, mapping, place, site, reading, progress)
    reading.days = dict(reading.days)
    if not reading.findings.read:
        names = ", ".join(path.name for path in paths)
        raise ImportRefused(
            f"no row in {names}; correct skip_rows, header_rows and total_rows in the mapping"
        )
    return reading


def _lines(
    paths: Sequence[Path],
    mapping: VisitMapping | HourlyMapping,
    findings: Findings,
    progress: Progress,
) -> Iterator[tuple[Rows, Line | None]]:
    """First None for each file, then its lines."""
    done = 0
    for path in paths:
        with open_rows(path, mapping.file, partial(_advance, progress, done)) as rows:
            yield rows, None
            is_meant = row_filter(mapping.only, rows.header)
            for line in rows:
                findings.read += 1
                if is_meant(line.cells):
                    yield rows, line
                else:
                    findings.left_out += 1
            findings.empty += rows.empty
            findings.totals += rows.totals
        done += path.stat().st_size
        progress(done)


def _advance(progress: Progress, before: int, read: int) -> None:
    progress(before + read)


def _visits(
    paths: Sequence[Path],
    mapping: VisitMapping,
    place: Place,
    reading: Reading,
    progress: Progress,
) -> Iterator[Visit]:
    findings = reading.findings
    seen: dict[tuple[str, ...], int] = {}
    read: Callable[[Cells], VisitRow | None]
    for rows, line in _lines(paths, mapping, findings, progress):
        if line is None:
            read = visit_reader(mapping, rows.header, place)
            continue
        try:
            _hold_to_width(rows, line)
            row = read(line.cells)
            if row is None:
                findings.left_out += 1
                continue
            if row.identity is not None:
                known = seen.get(row.identity)
                if known == row.content:
                    findings.repeated += 1
                    continue
                if known is not None:
                    raise BadRow(
                        "one ticket, two stories",
                        f"ticket {row.identity[2]} came before, with other times or outcome",
                    )
                seen[row.identity] = row.content
        except BadRow as error:
            findings.refuse(rows.path, line.number, error)
            continue
        findings.good += 1
        reading.days[_local_date(row.at, place)].add(rows.path.name)
        yield fold(row.facts)


def _hours(
    paths: Sequence[Path],
    mapping: HourlyMapping,
    place: Place,
    site: Site,
    reading: Reading,
    progress: Progress,
) -> Footfall:
    findings = reading.findings
    hours: dict[tuple[datetime, str, str], tuple[Rows, int, dict[str, int]]] = {}
    read: Callable[[Cells], HourRow | None]
    for rows, line in _lines(paths, mapping, findings, progress):
        if line is None:
            read = hour_reader(mapping, rows.header, place)
            continue
        try:
            _hold_to_width(rows, line)
            row = read(line.cells)
            if row is None:
                findings.left_out += 1
                continue
            key = (row.at, row.service, row.channel)
            known = hours.get(key)
            if known is None:
                hours[key] = (rows, line.number, row.counts)
            elif known[0] is not rows and known[2] == row.counts:
                findings.repeated += 1
                continue
            elif mapping.duplicates == "sum" and known[0] is rows:
                hours[key] = (rows, line.number, dict(Counter(known[2]) + Counter(row.counts)))
            else:
                local = row.at.astimezone(place.clock.zone)
                raise BadRow(
                    "an hour that comes twice",
                    f"{local:%Y-%m-%d %H:%M} {row.service} is also in"
                    f" {known[0].path.name}:{known[1]}; remove one, or say `duplicates: sum`",
                )
        except BadRow as error:
            findings.refuse(rows.path, line.number, error)
            continue
        findings.good += 1
        reading.days[_local_date(row.at, place)].add(rows.path.name)
    return _spread({key: counts for key, (_, _, counts) in hours.items()}, place, site)


def _spread(
    hours: Mapping[tuple[datetime, str, str], dict[str, int]], place: Place, site: Site
) -> Footfall:
    """Each hour's counts over its open quarters, evenly, the first ones getting the rest."""
    footfall = Footfall()
    opened: dict[date, set[int]] = {}
    for (at, service, channel), counts in hours.items():
        day = _local_date(at, place)
        if day not in opened:
            opened[day] = open_quarters(site, day)
        first = to_us(at)
        quarters = [first + i * BUCKET_US for i in range(_QUARTERS)]
        quarters = [one for one in quarters if one in opened[day]] or quarters
        directorate = place.services[service].directorate
        # Of whom nothing else is said: one person each, in one queue.
        whole = {"persons": counts["passages"], "queue_entries": counts["passages"], **counts}
        for i, start_us in enumerate(quarters):
            key = FootfallKey(start_us, place.site, directorate, service, channel)
            measures = {
                measure: share
                for measure, n in whole.items()
                if (share := n // len(quarters) + (i < n % len(quarters)))
            }
            if measures:
                footfall.measures[key] = measures
    return footfall


def open_quarters(site: Site, day: date) -> set[int]:
    """Starts (µs) of the quarters of an hour in which a site is open on a local day."""
    quarters = set()
    for opens, closes in open_periods(site, day):
        start_us = to_us(opens) // BUCKET_US * BUCKET_US
        while start_us < to_us(closes):
            quarters.add(start_us)
            start_us += BUCKET_US
    return quarters


def _hold_to_width(rows: Rows, line: Line) -> None:
    width = len(rows.header.names)
    if len(line.cells) > width and any(cell not in (None, "") for cell in line.cells[width:]):
        raise BadRow(
            "more cells than the header",
            f"{len(line.cells)} cells under {width} names; a delimiter inside a cell needs quotes",
        )


def _local_date(at: datetime, place: Place) -> date:
    return at.astimezone(place.clock.zone).date()
