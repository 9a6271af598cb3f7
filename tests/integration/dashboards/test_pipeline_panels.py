"""What a technician reads on État de la chaîne, against the rows that were put in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from benchmarks.grafana_macros import expanded
from benchmarks.panels import panels
from dashboards.catalogue import Catalogue
from tests.events import last_monday

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = last_monday()
AT = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC)
WHOLE_QUARTER = 0b111_1111_1111_1111

Rows = list[dict[str, Any]]


class Chain:
    """A hall with one kiosk, and what the board says of it."""

    def __init__(
        self, owner: psycopg.Connection[Any], reader: psycopg.Connection[Any], site: str
    ) -> None:
        self.owner = owner
        self.reader = reader
        self.site = site
        self.execute(
            "INSERT INTO site (code, name, time_zone, business_day_starts)"
            " VALUES (%(site)s, %(site)s, 'UTC', '00:00')"
        )
        self.execute("INSERT INTO device (code, site, kind) VALUES (%(site)s, %(site)s, 'kiosk')")

    def execute(self, statement: str, **values: Any) -> None:
        self.owner.execute(statement, {"site": self.site, **values})

    def recorded(self, happened_at: datetime, arrival_s: float, recording_s: float) -> None:
        """An event that reached Kafka, and then the database, after so many seconds."""
        event_id = uuid4()
        received_at = happened_at + timedelta(seconds=arrival_s)
        self.execute(
            "INSERT INTO visit_event (corrected_at, event_id, visit_id, type, site, source,"
            " boot_id, clock_synced, occurred_at, received_at, correction_method, body)"
            " VALUES (%(at)s, %(id)s, %(id)s, 'called', %(site)s, %(site)s, %(id)s, true, %(at)s,"
            " %(received)s, 'stated', '{}')",
            at=happened_at,
            id=event_id,
            received=received_at,
        )
        self.execute(
            "INSERT INTO event_seen VALUES (%(id)s, 1, %(recorded)s)",
            id=event_id,
            recorded=received_at + timedelta(seconds=recording_s),
        )

    def reads(self, name: str, from_at: datetime, to_at: datetime) -> Rows:
        """The rows that a panel draws for this range, as the reader."""
        title = Catalogue("fr")(f"pipeline.{name}.title")
        (sql,) = [
            panel.json["targets"][0]["rawSql"]
            for panel in panels()
            if panel.board["uid"] == "passage-pipeline" and panel.json["title"] == title
        ]
        statement = expanded(sql, from_at, to_at, {"site": [self.site]})
        return self.reader.execute(statement).fetchall()


@pytest.fixture
def chain(module_database: Any, request: pytest.FixtureRequest) -> Iterator[Chain]:
    """A hall of the test's own."""
    code = request.node.name.replace("_", "-")
    with (
        psycopg.connect(module_database.owner, autocommit=True) as owner,
        psycopg.connect(module_database.reader, autocommit=True, row_factory=dict_row) as reader,
    ):
        yield Chain(owner, reader, code)


def test_a_slow_worker_and_a_slow_device_are_told_apart(chain: Chain) -> None:
    for _ in range(99):
        chain.recorded(AT, arrival_s=1, recording_s=0.2)
    chain.recorded(AT + timedelta(minutes=10), arrival_s=900, recording_s=0.2)
    chain.recorded(AT + timedelta(minutes=40), arrival_s=1, recording_s=30)
    # A backlog of weeks is no delay of the chain.
    chain.recorded(AT - timedelta(days=20), arrival_s=20 * 86400, recording_s=0.2)

    steps = chain.reads("delays_over_time", AT, AT + timedelta(hours=1))
    assert [
        (row["time"], round(row["arrival_p99"]), round(row["recording_p99"], 1)) for row in steps
    ] == [
        (AT, 1, 0.2),
        (AT + timedelta(minutes=25), 900, 0.2),
        (AT + timedelta(minutes=40), 1, 30),
    ]
    rates = chain.reads("events_over_time", AT, AT + timedelta(hours=1))
    assert [row["time"] for row in rates] == [AT + timedelta(minutes=n) for n in range(60)]
    # The backlog counts here: it was recorded.
    assert rates[0]["events"] == pytest.approx(100 / 60)
    assert rates[1]["events"] == 0


def test_a_standing_worker_shows_as_no_event_and_no_delay(chain: Chain) -> None:
    at = NOW - timedelta(days=300)
    assert chain.reads("events_rate", at, at + timedelta(hours=6)) == [{"events": 0}]
    assert chain.reads("recording_delay", at, at + timedelta(hours=6)) == [{"p99": None}]
    assert chain.reads("delays_over_time", at, at + timedelta(hours=6)) == []


def test_a_device_is_seen_partly_seen_unknown_and_off_at_closing(chain: Chain) -> None:
    chain.execute(
        "INSERT INTO opening_hours (site, weekday, opens, closes)"
        " VALUES (%(site)s, 1, '09:00', '09:40')"
    )
    for place, minutes in ((0, WHOLE_QUARTER), (15, 0b11)):
        chain.execute(
            "INSERT INTO coverage VALUES (%(at)s, %(site)s, %(site)s, %(minutes)s)",
            at=AT + timedelta(minutes=place),
            minutes=minutes,
        )
    rows = chain.reads("device_coverage", AT - timedelta(hours=1), AT + timedelta(hours=5))
    assert [(row["time"] - AT, row["metric"], row["coverage"]) for row in rows] == [
        (timedelta(0), chain.site, 1.0),
        (timedelta(minutes=15), chain.site, pytest.approx(2 / 15)),
        (timedelta(minutes=30), chain.site, 0.0),
        (timedelta(minutes=45), chain.site, None),
    ]


def test_missing_messages_of_any_start_are_counted(chain: Chain) -> None:
    for seqs, heard, outbox in (("{[1,5),[8,10)}", 2, 0), ("{[1,4)}", 1, 40)):
        chain.execute(
            "INSERT INTO device_boot (device, boot_id, site, seqs, last_occurred_at,"
            " last_received_at, outbox_depth, software, complete_to)"
            " VALUES (%(site)s, %(boot)s, %(site)s, %(seqs)s, %(at)s, %(at)s, %(outbox)s, '1.0',"
            " %(at)s)",
            boot=uuid4(),
            seqs=seqs,
            at=NOW - timedelta(hours=heard),
            outbox=outbox,
        )
    (device,) = chain.reads("devices", NOW - timedelta(hours=6), NOW)
    assert (device["missing"], device["outbox_depth"]) == (3, 40)
    assert device["complete_to"] == NOW - timedelta(hours=2)
    assert device["silent_s"] == pytest.approx(3600, abs=600)


def test_a_device_that_was_never_heard_has_no_figures(chain: Chain) -> None:
    (device,) = chain.reads("devices", NOW - timedelta(hours=6), NOW)
    assert {device[name] for name in ("silent_s", "outbox_depth", "missing", "software")} == {None}


def test_what_was_refused_is_counted_until_it_is_mended(chain: Chain) -> None:
    for offset, (minute, reason, replayed_at) in enumerate(
        [(1, "not_json", None), (1, "not_json", NOW), (30, "too_old", None), (-5, "too_old", None)]
    ):
        chain.execute(
            'INSERT INTO dead_letter (topic, partition, "offset", received_at, reason, site, bytes,'
            " sha256, body, replayable, replayed_at) VALUES ('visit-events', 0, %(offset)s, %(at)s,"
            " %(reason)s, %(site)s, 9, '', '{\"number\": \"A001\"}', true, %(replayed_at)s)",
            offset=offset,
            at=AT + timedelta(minutes=minute),
            reason=reason,
            replayed_at=replayed_at,
        )
    hour = (AT, AT + timedelta(hours=1))
    assert chain.reads("dead_letters_count", *hour) == [{"messages": 2}]
    assert [
        (row["time"] - AT, row["metric"], row["messages"])
        for row in chain.reads("dead_letters_over_time", *hour)
    ] == [(timedelta(minutes=1), "not_json", 2), (timedelta(minutes=30), "too_old", 1)]
    newest, *others = chain.reads("last_dead_letters", *hour)
    assert (newest["reason"], newest["place"], len(others)) == ("too_old", "visit-events/0/2", 2)
    assert "A001" not in repr([newest, *others])


def test_a_restatement_is_one_row_with_its_cause_and_size(chain: Chain) -> None:
    for passages in ('{"passages": 2, "persons": 3}', '{"passages": -2}', '{"waits": 1}'):
        chain.execute(
            "INSERT INTO restatement (recorded_at, bucket_start, site, directorate, service,"
            " channel, cause, changes) VALUES (%(at)s, %(bucket)s, %(site)s, 'dcl', 'titres',"
            " 'kiosk', 'late_event', %(changes)s)",
            at=AT,
            bucket=AT - timedelta(days=3),
            changes=passages,
        )
    span = (AT - timedelta(days=1), AT + timedelta(days=1))
    (change,) = chain.reads("last_restatements", *span)
    assert (change["cause"], change["quarters"]) == ("late_event", 3)
    assert (change["passages"], change["passages_moved"]) == (0, 4)
    midnight = AT.replace(hour=0)
    assert chain.reads("restatements_by_day", *span) == [
        {"time": midnight, "metric": "late_event", "changes": 3}
    ]


def test_visits_of_past_days_that_nobody_closed_are_listed(chain: Chain) -> None:
    def visit(business_date: date, state: str) -> None:
        chain.execute(
            "INSERT INTO visit (visit_id, version, history, last_event_at, state, business_date,"
            " site, directorate, test) VALUES (%(id)s, 1, '[]', %(at)s, %(state)s, %(day)s,"
            " %(site)s, 'dcl', false)",
            id=uuid4(),
            at=NOW,
            state=state,
            day=business_date,
        )

    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    for state in ("waiting", "waiting", "in_service", "served", "auto_closed"):
        visit(yesterday, state)
    visit(yesterday + timedelta(days=1), "waiting")
    assert chain.reads("visits_left_open", NOW - timedelta(hours=6), NOW) == [
        {
            "site_name": chain.site,
            "business_date": yesterday.isoformat(),
            "directorate": "DCL",
            "waiting": 2,
            "called": 0,
            "in_service": 1,
        }
    ]


def test_the_size_of_the_tables_is_read_without_reading_the_tables(chain: Chain) -> None:
    sizes = {row["table"]: row for row in chain.reads("storage", AT, NOW)}
    assert sizes["visit_event"]["bytes"] > 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        chain.reader.execute("SELECT FROM visit_event")
