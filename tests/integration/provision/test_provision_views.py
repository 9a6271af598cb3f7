from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from services.core.waits import bin_of, quantile

PARIS, MARQUESAS = "hall", "hiva-oa"


@pytest.fixture
def sites(database):
    """Two more halls: Paris with two kiosks, and one on the Marquesas (-09:30)."""
    with psycopg.connect(database.owner) as owner:
        owner.execute(
            "INSERT INTO site (code, name, time_zone, business_day_starts) VALUES"
            " ('hall', 'Hall', 'Europe/Paris', '04:00'),"
            " ('hiva-oa', 'Hiva Oa', 'Pacific/Marquesas', '04:00')"
        )
        owner.execute(
            "INSERT INTO device (code, site, kind) VALUES ('kiosk-a', 'hall', 'kiosk'),"
            " ('kiosk-b', 'hall', 'kiosk'), ('kiosk-m', 'hiva-oa', 'kiosk')"
        )
        owner.execute(
            "INSERT INTO opening_hours (site, weekday, opens, closes)"
            " SELECT site, weekday, opens, closes FROM"
            " (VALUES ('hall', time '08:40', time '12:00'), ('hall', '13:30', '16:00'),"
            " ('hiva-oa', '08:00', '10:00')) AS p (site, opens, closes),"
            " generate_series(1, 7) AS weekday"
        )
    return database


def count(database, site: str, *buckets: datetime, passages: int = 1, directorate="dcl") -> None:
    with psycopg.connect(database.writer) as writer, writer.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages)"
            " VALUES (%s, %s, %s, 'titres', 'kiosk', %s)",
            [(bucket, site, directorate, passages) for bucket in buckets],
        )
        count_days(cursor)


def count_days(cursor: psycopg.Cursor) -> None:
    """What the processor adds to the days when it adds to the buckets."""
    for table in ("footfall_day", "footfall_wait_day"):
        cursor.execute(f"DELETE FROM {table}")
        cursor.execute(f"INSERT INTO {table} SELECT * FROM count_{table}s('-infinity', 'infinity')")


def quarters(first: datetime, hours: float) -> list[datetime]:
    return [first + timedelta(minutes=15 * i) for i in range(int(hours * 4))]


def read(database, query: str, **parameters) -> list[tuple]:
    with psycopg.connect(database.reader) as reader:
        return reader.execute(query, parameters).fetchall()


def hourly(database, site: str) -> list[tuple]:
    return read(
        database,
        "SELECT hour_start, local_label, passages FROM footfall_hourly"
        " WHERE site = %(site)s ORDER BY hour_start",
        site=site,
    )


def test_a_day_of_23_hours_has_23_hours(sites):
    midnight = datetime(2025, 3, 29, 23, tzinfo=UTC)
    count(sites, PARIS, *quarters(midnight, 23))
    labels = [label for _, label, _ in hourly(sites, PARIS)]
    assert labels[:4] == [
        "2025-03-30 00:00+01:00",
        "2025-03-30 01:00+01:00",
        "2025-03-30 03:00+02:00",
        "2025-03-30 04:00+02:00",
    ]
    assert len(labels) == 23
    assert {passages for *_, passages in hourly(sites, PARIS)} == {4}
    assert read(sites, "SELECT local_date, passages FROM footfall_daily WHERE site = 'hall'") == [
        (date(2025, 3, 30), 92)
    ]


def test_a_day_of_25_hours_has_two_o_clock_twice(sites):
    midnight = datetime(2025, 10, 25, 22, tzinfo=UTC)
    count(sites, PARIS, *quarters(midnight, 25))
    rows = hourly(sites, PARIS)
    assert [(start.hour, label) for start, label, _ in rows[2:4]] == [
        (0, "2025-10-26 02:00+02:00"),
        (1, "2025-10-26 02:00+01:00"),
    ]
    assert len(rows) == 25
    assert {passages for *_, passages in rows} == {4}
    assert read(sites, "SELECT local_date, passages FROM footfall_daily WHERE site = 'hall'") == [
        (date(2025, 10, 26), 100)
    ]


def test_the_days_around_midnight_are_the_sites_own(sites):
    before, after = datetime(2025, 7, 1, 21, 45, tzinfo=UTC), datetime(2025, 7, 1, 22, tzinfo=UTC)
    count(sites, PARIS, before, after)
    assert read(
        sites, "SELECT local_date FROM footfall_daily WHERE site = 'hall' ORDER BY local_date"
    ) == [(date(2025, 7, 1),), (date(2025, 7, 2),)]


def test_hours_of_the_marquesas_begin_at_half_past(sites):
    # 14:00 to 16:00 there; midnight of UTC falls into the first hour.
    count(sites, MARQUESAS, *quarters(datetime(2025, 3, 3, 23, 30, tzinfo=UTC), 2))
    assert hourly(sites, MARQUESAS) == [
        (datetime(2025, 3, 3, 23, 30, tzinfo=UTC), "2025-03-03 14:00-09:30", 4),
        (datetime(2025, 3, 4, 0, 30, tzinfo=UTC), "2025-03-03 15:00-09:30", 4),
    ]
    count(sites, MARQUESAS, datetime(2025, 3, 4, 9, 15, tzinfo=UTC), passages=7)
    count(sites, MARQUESAS, datetime(2025, 3, 4, 9, 30, tzinfo=UTC), passages=9)
    assert read(
        sites,
        "SELECT local_date, passages FROM footfall_daily WHERE site = 'hiva-oa' ORDER BY 1",
    ) == [(date(2025, 3, 3), 15), (date(2025, 3, 4), 9)]


def test_sites_of_different_zones_stand_side_by_side(sites):
    at = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)
    count(sites, PARIS, at)
    count(sites, MARQUESAS, at)
    assert read(
        sites,
        "SELECT site, local_label FROM footfall_hourly WHERE site IN ('hall', 'hiva-oa')"
        " AND hour_start >= '2025-03-03 09:00+00' AND hour_start < '2025-03-03 10:00+00'"
        " ORDER BY site",
    ) == [("hall", "2025-03-03 10:00+01:00"), ("hiva-oa", "2025-03-03 00:00-09:30")]


def test_week_53_belongs_to_the_year_in_which_it_began(sites):
    count(sites, PARIS, datetime(2020, 12, 31, 9, tzinfo=UTC), datetime(2021, 1, 3, 9, tzinfo=UTC))
    assert read(
        sites,
        "SELECT local_date, iso_year, iso_week, iso_weekday FROM footfall_daily"
        " WHERE site = 'hall' ORDER BY local_date",
    ) == [(date(2020, 12, 31), 2020, 53, 4), (date(2021, 1, 3), 2020, 53, 7)]


@pytest.mark.parametrize(
    ("question", "chunks"),
    [
        (
            "footfall_hourly WHERE hour_start >= '2025-07-01 00:00+00'"
            " AND hour_start < '2025-07-08 00:00+00'",
            1,
        ),
        # Days are stored: years of them need no bucket at all.
        ("footfall_daily WHERE local_date BETWEEN '2025-01-01' AND '2025-12-31'", 0),
    ],
)
def test_a_filter_on_time_reads_only_the_chunks_of_that_time(sites, question, chunks):
    for month in range(1, 13):
        count(sites, PARIS, datetime(2025, month, 5, 9, tzinfo=UTC))
    assert len(sites.rows("SELECT show_chunks('footfall')")) >= 4
    plan = sites.rows(f"EXPLAIN (ANALYZE, COSTS OFF) SELECT sum(passages) FROM {question}")
    read_chunks = {
        chunk
        for (line,) in plan
        if "never executed" not in line
        for chunk in re.findall(r" on (_hyper_\d+_\d+_chunk)", line)
    }
    assert len(read_chunks) == chunks


def test_waits_are_counted_averaged_and_ranked(sites):
    durations_ms = [0, 999, 1000, 60_000, 125_000, 600_000, 601_000, 3_600_000, 9_000_000]
    bins: dict[int, int] = {}
    for duration in durations_ms:
        bins[bin_of(duration)] = bins.get(bin_of(duration), 0) + 1
    at = datetime(2025, 3, 3, 9, tzinfo=UTC)
    key = (at, PARIS, "dcl", "titres", "kiosk")
    with psycopg.connect(sites.writer) as writer, writer.cursor() as cursor:
        cursor.execute(
            "INSERT INTO footfall (bucket_start, site, directorate, service, channel, waits,"
            " wait_ms) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [*key, len(durations_ms), sum(durations_ms)],
        )
        cursor.executemany(
            "INSERT INTO footfall_wait VALUES (%s, %s, %s, %s, %s, 'wait', %s, %s)",
            [(*key, number, n) for number, n in bins.items()],
        )
        # Of another measure: it must not mix in.
        cursor.execute(
            "INSERT INTO footfall_wait VALUES (%s, %s, %s, %s, %s, 'service', 1, 1000)", key
        )
        count_days(cursor)
    for view, day in (("waits_hourly", "hour_start"), ("waits_daily", "local_date")):
        ((waits, mean, p50, p90),) = read(
            sites,
            f"SELECT waits, mean_wait_s, p50_wait_s, p90_wait_s FROM {view}"
            f" WHERE site = 'hall' AND {day} = %(day)s",
            day=at if day == "hour_start" else at.date(),
        )
        assert waits == len(durations_ms)
        assert mean == pytest.approx(sum(durations_ms) / len(durations_ms) / 1000)
        assert p50 == pytest.approx(quantile(bins, 0.5))
        assert p50 == pytest.approx(125, rel=0.02)
        assert p90 == pytest.approx(quantile(bins, 0.9))
    for q in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1):
        ((value,),) = read(
            sites,
            "SELECT wait_quantile(array_agg(bin), array_agg(n), %(q)s) FROM wait_bins_hourly"
            " WHERE measure = 'wait'",
            q=q,
        )
        assert value == pytest.approx(quantile(bins, q)), q


def test_no_waits_have_no_percentile(sites):
    assert read(sites, "SELECT wait_quantile('{}', '{}', 0.5)") == [(None,)]
    count(sites, PARIS, datetime(2025, 3, 3, 9, tzinfo=UTC))
    assert read(sites, "SELECT * FROM waits_hourly") == []


def cover(database, site: str, device: str, *minutes: tuple[datetime, int]) -> None:
    with psycopg.connect(database.writer) as writer, writer.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO coverage VALUES (%s, %s, %s, %s)",
            [(bucket, site, device, mask) for bucket, mask in minutes],
        )


def test_coverage_is_the_share_of_open_device_minutes(sites):
    full = 0b111_1111_1111_1111
    # 08:00 to 10:00 of the first kiosk; of the other one nothing was heard.
    cover(
        sites,
        PARIS,
        "kiosk-a",
        *((b, full) for b in quarters(datetime(2025, 3, 3, 7, tzinfo=UTC), 2)),
    )
    rows = read(
        sites,
        "SELECT local_label, covered_minutes, open_minutes, coverage FROM coverage_hourly"
        " WHERE site = 'hall' AND local_date = '2025-03-03' ORDER BY hour_start",
    )
    assert rows == [
        # Open from 08:40: 20 minutes of each of two kiosks.
        ("2025-03-03 08:00+01:00", 20, 40, 0.5),
        ("2025-03-03 09:00+01:00", 60, 120, 0.5),
        # Silence in opening hours is a zero that says so.
        ("2025-03-03 10:00+01:00", 0, 120, 0.0),
        ("2025-03-03 11:00+01:00", 0, 120, 0.0),
        ("2025-03-03 13:00+01:00", 0, 60, 0.0),
        ("2025-03-03 14:00+01:00", 0, 120, 0.0),
        ("2025-03-03 15:00+01:00", 0, 120, 0.0),
    ]


def test_a_closed_day_has_no_coverage_to_miss(sites):
    with psycopg.connect(sites.owner) as owner:
        owner.execute("INSERT INTO closed_day VALUES ('hall', '2025-03-03', 'travaux')")
    cover(sites, PARIS, "kiosk-a", (datetime(2025, 3, 3, 8, tzinfo=UTC), 0b11))
    assert read(
        sites,
        "SELECT local_label, covered_minutes, open_minutes, coverage FROM coverage_hourly"
        " WHERE site = 'hall' AND local_date = '2025-03-03'",
    ) == [("2025-03-03 09:00+01:00", 0, 0, None)]


def test_a_device_is_only_expected_while_it_is_in_force(sites):
    with psycopg.connect(sites.owner) as owner:
        owner.execute("UPDATE device SET valid_from = '2025-03-04' WHERE code = 'kiosk-b'")
    cover(sites, PARIS, "kiosk-a", (datetime(2025, 3, 3, 8, tzinfo=UTC), 1))
    assert read(
        sites,
        "SELECT local_date, open_minutes FROM coverage_hourly WHERE site = 'hall'"
        " AND local_label LIKE '%% 09:00%%' AND local_date <= '2025-03-04' ORDER BY 1",
    ) == [(date(2025, 3, 3), 60), (date(2025, 3, 4), 120)]


def test_coverage_on_the_marquesas_follows_their_hours(sites):
    # 08:00 to 08:15 there.
    cover(sites, MARQUESAS, "kiosk-m", (datetime(2025, 3, 3, 17, 30, tzinfo=UTC), 0b11111))
    assert read(
        sites,
        "SELECT hour_start, covered_minutes, open_minutes FROM coverage_hourly"
        " WHERE site = 'hiva-oa' AND local_date = '2025-03-03' ORDER BY 1",
    ) == [
        (datetime(2025, 3, 3, 17, 30, tzinfo=UTC), 5, 60),
        (datetime(2025, 3, 3, 18, 30, tzinfo=UTC), 0, 60),
    ]


def test_the_status_of_an_hour_is_that_of_its_last_bucket(sites):
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = now - timedelta(days=70)
    cover(sites, PARIS, "kiosk-a", (start, 1))
    with psycopg.connect(sites.owner) as owner:
        owner.execute("UPDATE device SET valid_to = current_date - 3 WHERE code = 'kiosk-b'")
    heard = (
        "INSERT INTO device_boot (device, boot_id, site, seqs, last_occurred_at, last_received_at,"
        " complete_to) VALUES (%s, gen_random_uuid(), %s, %s, %s, %s, %s)"
    )
    boots = [
        # Complete up to yesterday; a gap since a week ago; never a gap, and silent for two days.
        ("kiosk-a", PARIS, "{[1,9)}", now - timedelta(days=1)),
        ("kiosk-b", PARIS, "{[1,5),[7,9)}", now - timedelta(days=7)),
        ("kiosk-m", MARQUESAS, "{[1,5)}", now - timedelta(days=2)),
    ]
    with psycopg.connect(sites.writer) as writer:
        for device, site, seqs, complete_to in boots:
            writer.execute(heard, [device, site, seqs, now, now, complete_to])
    rows = read(
        sites,
        "SELECT site, status, bucket_is_final(site, hour_start + interval '45 minutes')"
        " FROM hour_status WHERE site IN ('hall', 'hiva-oa')",
    )
    assert {status == "final" for _, status, is_final in rows if is_final} == {True}
    assert {status == "provisional" for _, status, is_final in rows if not is_final} == {True}
    assert {(site, is_final) for site, _, is_final in rows} >= {
        (PARIS, True),
        (PARIS, False),
        (MARQUESAS, True),
        (MARQUESAS, False),
    }


def test_a_device_shows_its_latest_start_and_what_is_missing(sites):
    with psycopg.connect(sites.writer) as writer:
        for seqs, heard in (("{[1,100)}", "2025-03-03"), ("{[2,5),[7,9)}", "2025-03-04")):
            writer.execute(
                "INSERT INTO device_boot (device, boot_id, site, seqs, last_occurred_at,"
                " last_received_at, outbox_depth) VALUES"
                " ('kiosk-a', gen_random_uuid(), 'hall', %s, %s, %s, 3)",
                [seqs, heard, heard],
            )
    assert read(
        sites,
        "SELECT device, last_received_at, outbox_depth, gaps FROM device_status"
        " WHERE site = 'hall' ORDER BY device",
    ) == [
        ("kiosk-a", datetime(2025, 3, 4, tzinfo=UTC), 3, 3),
        ("kiosk-b", None, None, None),
    ]


def test_the_hall_now_holds_those_who_wait_today(sites):
    with psycopg.connect(sites.writer) as writer:
        for state, minutes, days in (
            ("waiting", 5, 0),
            ("waiting", 20, 0),
            ("called", 30, 0),
            ("served", 40, 0),
            ("waiting", 50, 2),
        ):
            writer.execute(
                "INSERT INTO visit (visit_id, version, history, last_event_at, state,"
                " business_date, site, directorate, service, persons, test, stay_started_at)"
                " VALUES (gen_random_uuid(), 1, '{}', now(), %(state)s,"
                " (now() AT TIME ZONE 'Europe/Paris' - interval '4 hours')::date"
                " - %(days)s::integer, 'hall', 'dcl', 'titres', 2, false,"
                " now() - make_interval(mins => %(minutes)s))",
                {"state": state, "minutes": minutes, "days": days},
            )
    ((waiting, called, persons, longest),) = read(
        sites, "SELECT waiting, called, persons, longest_wait_s FROM waiting_now"
    )
    assert (waiting, called, persons) == (2, 1, 6)
    assert longest == pytest.approx(1200, abs=30)


def test_dead_letters_show_no_content(sites):
    with psycopg.connect(sites.writer) as writer:
        writer.execute(
            'INSERT INTO dead_letter (topic, partition, "offset", received_at, reason, bytes,'
            " sha256, body, replayable) VALUES ('t', 0, 1, now(), 'not_json', 3, 'x', '{}', true)"
        )
    with psycopg.connect(sites.reader) as reader:
        columns = [c.name for c in reader.execute("SELECT * FROM dead_letters").description or ()]
    assert "reason" in columns
    assert "body" not in columns
    assert read(
        sites, "SELECT reason, messages, waiting_for_replay FROM dead_letters_by_reason"
    ) == [("not_json", 1, 1)]


def test_a_sites_total_counts_over_all_directorates(sites):
    at = datetime(2025, 3, 3, 9, tzinfo=UTC)
    count(sites, PARIS, at, passages=2)
    count(sites, PARIS, at, passages=3, directorate="dmi")
    assert read(
        sites,
        "SELECT local_date, passages, closed FROM footfall_total_daily WHERE site = 'hall'",
    ) == [(date(2025, 3, 3), 5, False)]


def test_every_view_says_what_it_answers(database):
    assert (
        database.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'v' AND obj_description(oid, 'pg_class') IS NULL"
        )
        == []
    )


def test_a_restatement_says_what_changed_and_when(sites):
    with psycopg.connect(sites.writer) as writer:
        writer.execute(
            "INSERT INTO restatement (bucket_start, site, directorate, service, channel, cause,"
            " changes) VALUES ('2025-10-26 01:15+00', 'hall', 'dcl', 'titres', 'kiosk',"
            " 'late_event', '{\"passages\": 1}')"
        )
    assert read(sites, "SELECT local_label, cause, changes FROM restatements") == [
        ("2025-10-26 02:15+01:00", "late_event", {"passages": 1})
    ]
