"""A small prefecture and its facts, made by hand: for tests of the report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from dashboards.catalogue import Language
from services.core.waits import bin_of
from services.planner.period import named
from services.planner.report.assemble import assemble
from services.planner.report.content import Names, Report, Scope
from services.planner.report.document import Document
from services.planner.report.facts import (
    MEASURES,
    Counted,
    Facts,
    HourCounted,
    HourKnown,
    OpenWait,
    SentOn,
    Silence,
)
from services.planner.report.revision import Publication, Restated
from services.planner.report.sections.elsewhere import HandedIn
from services.planner.report.spans import spans_of
from services.planner.report.words import Words
from services.planner.slots.calendar import OpeningRule, SiteCalendar

PERIOD = named("2025-W43", "Europe/Paris")
MONDAY = date(2025, 10, 20)
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
CALENDAR = SiteCalendar(
    "Europe/Paris",
    tuple(OpeningRule(None, None, weekday, time(9), time(11)) for weekday in range(1, 6)),
    {MONDAY + timedelta(days=4): "Travaux"},
)
NAMES = Names(
    {"hall": "Hall", "annexe": "Annexe"},
    {"dcl": "Citoyenneté", "dmi": "Migrations", "cert": "Titres"},
    {"permis": "Permis", "elections": "Élections", "sejour": "Séjour"},
)


def counted(
    day: date, directorate: str, service: str, passages: int, site: str = "hall", **others: int
) -> Counted:
    """A day of a service, each of its passages with a stay that was served."""
    counts = {
        "passages": passages,
        "persons": passages,
        "queue_entries": passages,
        "served": passages,
        "waits": passages,
        "wait_ms": passages * 60_000,
    } | others
    return Counted(
        day, site, directorate, service, "kiosk", tuple(counts.get(one, 0) for one in MEASURES)
    )


def facts_of(
    rows: Iterable[Counted],
    previous: Iterable[Counted] = (),
    last_year: Iterable[Counted] = (),
    *,
    unheard: Iterable[tuple[str, date, int]] = (),
    open_waits: Iterable[OpenWait] = (),
    sent_on: Iterable[SentOn] = (),
) -> Facts:
    """Facts of the week: the hall's devices were heard on four days, the annexe's never."""
    rows, silent = list(rows), set(unheard)
    days = [MONDAY + timedelta(days=number) for number in range(4)]
    hours = [
        HourKnown(
            datetime(day.year, day.month, day.day, hour - 2, tzinfo=UTC),
            day,
            hour,
            site,
            60 if site == "hall" and (site, day, hour) not in silent else 0,
            60,
            True,
        )
        for site in ("hall", "annexe")
        for day in days
        for hour in (9, 10)
    ]
    return Facts(
        spans=spans_of(PERIOD, NOW.date()),
        extracted_at=NOW,
        names=NAMES,
        calendars={"hall": CALENDAR, "annexe": CALENDAR},
        directorates=("dcl", "dmi", "cert"),
        services={"dcl": ("elections", "permis"), "dmi": ("sejour",)},
        without_public=frozenset({"cert"}),
        counted={"now": rows, "previous": list(previous), "last_year": list(last_year)},
        hours_known=hours,
        hours_counted=[
            HourCounted(
                datetime(row.day.year, row.day.month, row.day.day, 7, tzinfo=UTC),
                row.day,
                9,
                row.site,
                row.passages,
            )
            for row in rows
        ],
        silences=[Silence("annexe", "borne-2", day, 120) for day in days],
        bins={
            Scope(row.site, row.directorate, row.service): {bin_of(60_000): row.passages}
            for row in rows
        },
        open_waits=list(open_waits),
        sent_on=list(sent_on),
        thresholds={1200: "CAF"},
    )


ORDINARY = (
    counted(MONDAY, "dcl", "permis", 40, transferred=0),
    counted(MONDAY, "dcl", "elections", 3),
    counted(MONDAY, "dmi", "sejour", 120),
)


def report_of(
    facts: Facts, *, internal: bool = False, handed_in: Iterable[HandedIn] = ()
) -> Report:
    return assemble(facts, "2025-W43", PERIOD, internal=internal, handed_in=tuple(handed_in))


def document_of(
    report: Report,
    language: Language = "fr",
    publication: Publication | None = None,
    restated: tuple[Restated, ...] = (),
) -> Document:
    words = Words(language, report.names, "Europe/Paris")
    return Document(report, words, publication, restated, {"dcl": "#0072B2"})
