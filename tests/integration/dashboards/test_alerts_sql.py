from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from dashboards.alerts.rules import all_rules
from schemas.queries import load_queries

# Around noon here it is neither just before nor just after midnight, whenever the tests run.
ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
HALL, KIOSKS = "creteil-accueil", ("acc-borne-1", "acc-accueil-1", "acc-guichets")


def now() -> datetime:
    """The database's, as near as makes no difference: taken anew, since other tests take time."""
    return datetime.now(UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@dataclass
class Hall:
    """A hall in which things happen so many minutes ago; every other site is closed."""

    database: Any

    def write(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.database.owner) as owner:
            owner.execute(statement, values)  # type: ignore[arg-type]

    def opens(self, *, since: float = 240, until: float = 240) -> None:
        """Opening hours of every day: from so many minutes ago until so many from now."""
        local = (
            "(now() + %s * interval '1 minute') AT TIME ZONE (SELECT time_zone FROM site LIMIT 1)"
        )
        self.write("DELETE FROM opening_hours")
        self.write(
            "INSERT INTO opening_hours (site, weekday, opens, closes) SELECT %s, weekday,"
            f" ({local})::time, ({local})::time FROM generate_series(1, 7) AS weekday",
            HALL,
            -since,
            until,
        )

    def heard(self, *devices: str, ago: float = 0, outbox: int = 0) -> None:
        """The devices sent something, so many minutes ago."""
        for device in devices:
            at = now() - minutes(ago)
            self.write("DELETE FROM device_boot WHERE device = %s", device)
            self.write(
                "INSERT INTO device_boot (device, boot_id, site, seqs, last_occurred_at,"
                " last_received_at, outbox_depth) VALUES (%s, %s, %s, '{[1,9)}', %s, %s, %s)",
                device,
                uuid4(),
                HALL,
                at,
                at,
                outbox,
            )

    def waits(self, count: int, *, since: float, until: float | None = None) -> None:
        """So many visitors wait since so many minutes ago, perhaps until they were called."""
        ended = None if until is None else now() - minutes(until)
        self.write(
            "INSERT INTO visit (visit_id, version, history, last_event_at, state,"
            " business_date, site, directorate, service, channel, persons, test,"
            " stay_started_at, first_called_at) SELECT gen_random_uuid(), 1, '[]', %s, %s,"
            " (now() AT TIME ZONE %s)::date, %s, 'dcl', 'titres', 'kiosk', 1, false, %s, %s"
            " FROM generate_series(1, %s)",
            ended or now() - minutes(since),
            "waiting" if ended is None else "in_service",
            ZONE,
            HALL,
            now() - minutes(since),
            ended,
            count,
        )

    def came(self, passages: int, *, wait_ms: int = 0, weeks_ago: int = 0, hours_ago: int = 0):
        """Passages and their waits in one local hour."""
        hour = now().replace(minute=0, second=0, microsecond=0)
        self.write(
            "INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages,"
            " wait_ms) VALUES (%s, %s, 'dcl', 'titres', 'kiosk', %s, %s)",
            hour - timedelta(weeks=weeks_ago, hours=hours_ago),
            HALL,
            passages,
            wait_ms,
        )

    def vouched(self, *devices: str, hours: int = 3) -> None:
        """The devices vouch for every minute since so many hours."""
        hour = now().replace(minute=0, second=0, microsecond=0)
        self.write(
            "INSERT INTO coverage SELECT bucket, %s, unnest(%s::text[]), 32767 FROM"
            " generate_series(%s, %s - interval '1 second', interval '15 minutes') AS bucket",
            HALL,
            list(devices),
            hour - timedelta(hours=hours),
            hour,
        )

    def usual(self, waiting: float, passages: int = 40) -> None:
        """The mean queue of this hour and the one before, and who came, in the last eight weeks."""
        for week in range(1, 9):
            for hour in (0, 1):
                self.came(
                    passages,
                    wait_ms=round(waiting * 3_600_000),
                    weeks_ago=week,
                    hours_ago=hour,
                )


@pytest.fixture
def hall(database) -> Hall:
    hall = Hall(database)
    hall.write("UPDATE site SET time_zone = %s", ZONE)
    hall.write("DELETE FROM closed_day")
    hall.opens()
    return hall


def fires(hall: Hall, name: str) -> dict[tuple[str, ...], float]:
    """What a rule's query returns to Grafana: the labels that fire, each with its number."""
    statement = load_queries("dashboards.alerts")[name]
    with psycopg.connect(hall.database.reader) as reader:
        cursor = reader.execute(statement)
        kinds = [reader.adapters.types[column.type_code].name for column in cursor.description]
        rows = cursor.fetchall()
    # Grafana's condition for reading a table as numbers; and equal labels would be an error.
    assert kinds.count("float8") == 1
    assert kinds.count("text") == len(kinds) - 1
    labels = [row[:-1] for row in rows]
    assert rows
    assert len(set(labels)) == len(labels)
    assert all(row[-1] is not None for row in rows)
    return {row[:-1]: row[-1] for row in rows if row[-1] > 0}


def test_nothing_fires_and_nothing_fails_on_an_empty_database(hall):
    for rule in all_rules("fr"):
        name = rule["uid"].removeprefix("passage-").replace("-", "_")
        assert fires(hall, name) == {}, name


def test_nothing_fails_without_a_registry(database):
    hall = Hall(database)
    hall.write("TRUNCATE site, directorate, registry_revision CASCADE")
    for name in load_queries("dashboards.alerts"):
        assert fires(hall, name) == {}, name


def test_a_kiosk_that_is_unplugged_fires_and_resolves_when_it_is_back(hall):
    hall.heard(*KIOSKS)
    assert fires(hall, "device_silent") == {}
    hall.heard("acc-borne-1", ago=7)
    [(labels, value)] = fires(hall, "device_silent").items()
    assert labels[0] == HALL
    assert labels[2:] == ("acc-borne-1", "kiosk")
    assert value == pytest.approx(7, abs=1)
    hall.heard("acc-borne-1")
    assert fires(hall, "device_silent") == {}


def test_a_declared_kiosk_that_was_never_heard_is_silent_since_the_opening(hall):
    hall.heard("acc-accueil-1", "acc-guichets")
    [(labels, value)] = fires(hall, "device_silent").items()
    assert labels[2] == "acc-borne-1"
    assert value == pytest.approx(240, abs=2)


def test_a_kiosk_may_be_silent_while_its_site_is_closed(hall):
    hall.heard(*KIOSKS)
    hall.heard("acc-borne-1", ago=7)
    hall.opens(since=240, until=-5)
    assert fires(hall, "device_silent") == {}, "closed by the clock"
    hall.opens(since=9)
    assert fires(hall, "device_silent") == {}, "just opened"
    hall.opens(since=11)
    assert len(fires(hall, "device_silent")) == 1
    today = "(now() AT TIME ZONE %s)::date"
    hall.write(f"INSERT INTO closed_day VALUES (%s, {today}, 'pont')", HALL, ZONE)
    assert fires(hall, "device_silent") == {}, "closed by the calendar"
    hall.write("DELETE FROM closed_day")
    hall.write(f"UPDATE site SET valid_to = {today}", ZONE)
    assert fires(hall, "device_silent") == {}, "closed for good"


def test_when_no_device_is_heard_the_chain_is_late_and_not_each_device(hall):
    hall.heard(*KIOSKS, ago=8)
    assert fires(hall, "device_silent") == {}
    assert fires(hall, "pipeline_late") == {("passage",): pytest.approx(8, abs=1)}
    hall.heard("acc-guichets")
    assert fires(hall, "pipeline_late") == {}
    assert {labels[2] for labels in fires(hall, "device_silent")} == {
        "acc-borne-1",
        "acc-accueil-1",
    }


def test_a_device_that_is_heard_and_holds_back_its_events_fires(hall):
    hall.heard(*KIOSKS)
    hall.heard("acc-borne-1", outbox=50)
    assert [labels[2] for labels in fires(hall, "outbox_deep")] == ["acc-borne-1"]
    hall.heard("acc-borne-1", outbox=49)
    assert fires(hall, "outbox_deep") == {}


def test_a_queue_fires_above_the_upper_mark_and_stays_until_below_the_lower_one(hall):
    hall.usual(waiting=10)  # marks: more than 15, fewer than 12
    hall.waits(13, since=30)
    assert fires(hall, "queue_long") == {}, "between the marks it does not begin"
    hall.waits(4, since=20, until=5)
    [(labels, value)] = fires(hall, "queue_long").items()
    assert labels[0] == HALL
    assert value == 13, "17 waited until five minutes ago; 13 are not below the lower mark"
    hall.write(
        "UPDATE visit SET state = 'served', last_event_at = %s,"
        " first_called_at = %s WHERE visit_id IN (SELECT visit_id FROM visit"
        " WHERE state = 'waiting' LIMIT 2)",
        now() - minutes(2),
        now() - minutes(2),
    )
    assert fires(hall, "queue_long") == {}, "11 are below it"


def test_a_queue_without_three_weeks_of_history_is_never_unusual(hall):
    for week in (1, 2):
        hall.came(1, weeks_ago=week)
    hall.waits(30, since=20)
    assert fires(hall, "queue_long") == {}


def test_a_wait_above_the_registrys_threshold_fires_until_it_is_well_below(hall):
    hall.waits(2, since=25)  # the registry allows 20 minutes
    hall.waits(5, since=10)
    assert fires(hall, "wait_long") == {}, "two may be tickets whose owners have left"
    hall.waits(1, since=21.5)
    [(labels, value)] = fires(hall, "wait_long").items()
    assert (labels[0], labels[2]) == (HALL, "dcl")
    assert value == 3
    hall.write("DELETE FROM visit WHERE stay_started_at < %s", now() - minutes(12))
    assert fires(hall, "wait_long") == {}


def test_a_wait_between_the_marks_neither_begins_nor_ends(hall):
    hall.waits(4, since=19)
    assert fires(hall, "wait_long") == {}
    hall.waits(3, since=40, until=1)
    assert [labels[2] for labels in fires(hall, "wait_long")] == ["dcl"]


def test_waits_of_the_last_hour_fire_when_more_than_a_tenth_were_too_long(hall):
    hall.waits(9, since=30, until=20)
    hall.waits(1, since=50, until=20)
    assert fires(hall, "wait_long_hour") == {}, "one of ten is a tenth, not more"
    hall.waits(1, since=50, until=20)
    [(labels, value)] = fires(hall, "wait_long_hour").items()
    assert labels[2] == "dcl"
    assert value == pytest.approx(30, abs=1)
    hall.write(
        "UPDATE visit SET state = 'waiting', first_called_at = NULL WHERE stay_started_at > %s",
        now() - minutes(40),
    )
    assert fires(hall, "wait_long_hour") == {}, "two calls say nothing of an hour"


def test_an_open_hour_without_visitors_is_the_supervisors_when_devices_vouch_for_it(hall):
    hall.vouched(*KIOSKS)
    assert [labels[0] for labels in fires(hall, "hour_zero")] == [HALL]
    assert fires(hall, "hour_unknown") == {}
    hall.came(1, hours_ago=1)
    assert fires(hall, "hour_zero") == {}


def test_what_is_vouched_for_is_what_coverage_hourly_says(hall):
    hall.vouched("acc-borne-1", "acc-guichets")
    hall.write("UPDATE coverage SET minutes = 255")
    with psycopg.connect(hall.database.reader) as reader:
        [pair] = reader.execute(
            "SELECT last.coverage, hour.coverage FROM last_open_hour AS last"
            " JOIN coverage_hourly AS hour USING (site, hour_start)"
        )
    assert pair[0] == pair[1] == pytest.approx(2 * 8 / (3 * 15))


def test_an_open_hour_that_nobody_vouches_for_is_the_technicians(hall):
    hall.vouched("acc-borne-1")
    assert fires(hall, "hour_zero") == {}
    assert [labels[0] for labels in fires(hall, "hour_unknown")] == [HALL]


def test_an_hour_in_which_hardly_anybody_ever_comes_may_be_empty(hall):
    hall.vouched(*KIOSKS)
    hall.usual(waiting=0, passages=2)
    assert fires(hall, "hour_zero") == {}


def test_an_hour_that_was_not_open_from_its_beginning_to_its_end_is_not_judged(hall):
    hall.vouched(*KIOSKS)
    hall.opens(since=now().minute + 59)
    assert fires(hall, "hour_zero") == {}


def test_refused_messages_of_the_last_hour_fire_by_reason_until_they_are_replayed(hall):
    for offset, (reason, ago) in enumerate([("not_json", 5), ("not_json", 50), ("too_large", 70)]):
        hall.write(
            'INSERT INTO dead_letter (topic, partition, "offset", received_at, reason, bytes,'
            " sha256, replayable) VALUES ('visit-events', 0, %s, %s, %s, 1, 'x', true)",
            offset,
            now() - minutes(ago),
            reason,
        )
    assert fires(hall, "dead_letters_new") == {("not_json",): 2}
    hall.write("UPDATE dead_letter SET replayed_at = now()")
    assert fires(hall, "dead_letters_new") == {}


def test_opening_hours_are_the_sites_own_on_the_days_the_clock_changes(hall):
    hall.write("UPDATE site SET time_zone = 'Europe/Paris'")
    # In March 02:00 is 03:00 already; in October 02:30 comes twice, and the site is open twice.
    march, october = ("01:00", "02:30"), ("-1:30", "03:30")
    expected = {
        "2026-03-29 00:59:59": None,
        "2026-03-29 01:00:00": march,
        "2026-03-29 02:29:59": march,
        "2026-03-29 02:30:00": None,
        "2026-10-25 00:30:00": october,
        "2026-10-25 01:30:00": october,
        "2026-10-25 03:30:00": None,
    }
    found = {}
    for at in expected:
        opens = "03:00" if "-03-" in at else "01:30"
        hall.write("UPDATE opening_hours SET opens = %s, closes = '04:30'", opens)
        with psycopg.connect(hall.database.reader) as reader:
            row = reader.execute(
                "SELECT opened_at, closes_at FROM opening_at(%s)", [f"{at}+00"]
            ).fetchone()
        found[at] = row and tuple(end.astimezone(UTC) for end in row)
    assert found == {
        at: hours and tuple(_utc(at, hour) for hour in hours) for at, hours in expected.items()
    }


def _utc(day_of: str, hour: str) -> datetime:
    """`-1:30` is half past eleven of the evening before."""
    midnight = datetime.fromisoformat(f"{day_of[:10]}T00:00+00:00")
    hours, minute = hour.split(":")
    ahead = timedelta(hours=abs(int(hours)), minutes=int(minute))
    return midnight + ahead if not hours.startswith("-") else midnight - minutes(30)
