from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.footfall import (
    Bucket,
    Device,
    FootfallMessage,
    Named,
    NamedService,
    OpenPeriod,
    PlacedDevice,
    Site,
    Waiting,
)
from services.core.footfall import MEASURES
from services.live.picture import Known, Picture, Queue, is_recent, picture
from services.live.presentation import present

PARIS = ZoneInfo("Europe/Paris")
DAY = date(2026, 3, 10)
SILENT_AFTER = timedelta(minutes=3)


def local(hour: int, minute: int = 0, second: int = 0, *, day: date = DAY) -> datetime:
    return datetime.combine(day, time(hour, minute, second), PARIS).astimezone(UTC)


NOON = local(12)


def site(**changes: Any) -> Site:
    fields: dict[str, Any] = {
        "version": 1,
        "type": "site",
        "as_of": NOON,
        "site": "accueil",
        "label": "Accueil général",
        "time_zone": "Europe/Paris",
        "business_day_starts": time(4),
        "directorates": [Named(code="dcl", label="Citoyenneté"), Named(code="sg", label="SG")],
        "services": [
            NamedService(code="titres", label="Titres", directorate="dcl"),
            # A service may bear the code of a directorate.
            NamedService(code="sg", label="Courrier", directorate="sg"),
        ],
        "devices": [PlacedDevice(device="borne", kind="kiosk")],
        "open": [OpenPeriod(opens_at=local(9), closes_at=local(16))],
    }
    return Site(**(fields | changes))


def bucket(start: datetime, passages: int, *, as_of: datetime = NOON, **changes: Any) -> Bucket:
    fields: dict[str, Any] = {
        "version": 1,
        "type": "bucket",
        "as_of": as_of,
        "bucket_start": start,
        "site": "accueil",
        "directorate": "dcl",
        "service": "titres",
        "channel": "kiosk",
    }
    return Bucket(**(dict.fromkeys(MEASURES, 0) | fields | {"passages": passages} | changes))


def waiting(people: int, since: datetime | None = None, **changes: Any) -> Waiting:
    fields: dict[str, Any] = {
        "version": 1,
        "type": "waiting",
        "as_of": NOON,
        "site": "accueil",
        "business_date": DAY,
        "directorate": "dcl",
        "service": "titres",
        "waiting": people,
        "called": 0,
        "persons": people,
        "waiting_since": since,
    }
    return Waiting(**(fields | changes))


def heard(at: datetime) -> Device:
    return Device(
        version=1,
        type="device",
        as_of=at,
        site="accueil",
        device="borne",
        kind="kiosk",
        last_received_at=at,
        outbox_depth=2,
    )


def known(*messages: FootfallMessage) -> Known:
    of_site = Known()
    for message in messages:
        of_site.take(message)
    return of_site


def drawn(*messages: FootfallMessage, at: datetime = NOON) -> Picture:
    result = picture(known(*messages), at, SILENT_AFTER)
    assert result is not None
    return result


def test_passages_add_up_over_buckets_services_and_channels() -> None:
    seen = drawn(
        site(),
        bucket(local(9), 3),
        bucket(local(9), 2, channel="reception"),
        bucket(local(11, 45), 4),
        bucket(local(10), 1, directorate="sg", service="sg"),
    )
    assert seen.total.passages == 10
    assert {code: queue.passages for code, queue in seen.directorates.items()} == {
        "dcl": 9,
        "sg": 1,
    }
    body = present(seen, now=NOON, as_of=NOON, stale=False)
    assert [(d["label"], d["services"][0]["label"]) for d in body["directorates"]] == [
        ("Citoyenneté", "Titres"),
        ("SG", "Courrier"),
    ]


def test_a_correction_takes_a_passage_back() -> None:
    later = NOON + timedelta(seconds=1)
    assert drawn(site(), bucket(local(9), 3), bucket(local(9), 2, as_of=later)).total.passages == 2


def test_an_older_message_that_comes_late_changes_nothing() -> None:
    later = NOON + timedelta(seconds=1)
    seen = drawn(
        *(site(), site(as_of=NOON - timedelta(days=1), label="Ancien nom")),
        *(bucket(local(9), 3, as_of=later), bucket(local(9), 1)),
        *(waiting(0, as_of=later), waiting(5, local(11))),
        *(heard(NOON), heard(local(11))),
    )
    assert (seen.total, seen.label) == (Queue(passages=3), "Accueil général")
    assert seen.devices[0].last_received_at == NOON


def test_the_same_message_again_changes_nothing() -> None:
    messages = (site(), bucket(local(9), 3), waiting(2, local(11)), heard(NOON))
    assert drawn(*messages, *messages) == drawn(*messages)


def test_a_hall_that_empties_has_no_longest_wait() -> None:
    later = NOON + timedelta(seconds=1)
    full = drawn(site(), waiting(2, local(11, 50)), waiting(1, local(11, 40), service="sg"))
    assert (full.total.waiting, full.total.longest_wait_s(NOON)) == (3, 20 * 60)
    assert full.services["dcl", "titres"].longest_wait_s(NOON) == 10 * 60
    empty = drawn(site(), waiting(2, local(11, 50)), waiting(0, as_of=later))
    assert empty.total.waiting == 0
    assert empty.total.longest_wait_s(NOON) is None


def test_the_longest_wait_grows_without_any_message() -> None:
    of_site = known(site(), waiting(1, local(11)))
    first, second = (picture(of_site, at, SILENT_AFTER) for at in (NOON, local(12, 10)))
    assert first == second, "nothing to send to a display, it counts by its own clock"
    assert second is not None
    assert second.total.longest_wait_s(local(12, 10)) == 70 * 60


def test_a_clock_behind_the_database_makes_no_negative_wait() -> None:
    assert Queue(waiting=1, waiting_since=local(12, 0, 1)).longest_wait_s(NOON) == 0


def test_at_midnight_passages_begin_again_without_any_message() -> None:
    of_site = known(site(), bucket(local(23, 45), 3))
    next_day = DAY + timedelta(days=1)
    passages = [
        queue.total.passages
        for at in (local(23, 59, 59), local(0, day=next_day))
        if (queue := picture(of_site, at, SILENT_AFTER))
    ]
    assert passages == [3, 0]


def test_who_waited_is_gone_when_the_next_business_day_begins() -> None:
    of_site = known(site(), waiting(2, local(23)))
    next_day = DAY + timedelta(days=1)
    left = [
        queue.total.waiting
        for at in (local(0, day=next_day), local(3, 59, day=next_day), local(4, day=next_day))
        if (queue := picture(of_site, at, SILENT_AFTER))
    ]
    assert left == [2, 2, 0]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)], ids=["23 h", "25 h"]
)
def test_the_day_of_a_clock_change_has_all_its_hours(day: date, hours: int) -> None:
    start = local(0, day=day)
    around = [start + timedelta(hours=n) for n in range(-1, hours + 1)]
    seen = drawn(
        site(), *(bucket(at, 1) for at in around), at=start + timedelta(hours=hours, seconds=-1)
    )
    assert (seen.local_date, seen.total.passages) == (day, hours)


def test_a_site_that_is_not_described_has_no_picture() -> None:
    assert picture(known(bucket(local(9), 3)), NOON, SILENT_AFTER) is None


def test_a_site_has_a_picture_from_its_first_day_to_its_last() -> None:
    of_site = known(site(valid_from=DAY, valid_to=DAY + timedelta(days=1)))
    days = [DAY + timedelta(days=n) for n in (-1, 0, 1)]
    assert [picture(of_site, local(12, day=d), SILENT_AFTER) is None for d in days] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("now", "last", "silent"),
    [
        (local(12), local(11, 57), False),
        (local(12), local(11, 56, 59), True),
        (local(12), None, True),
        (local(8, 59), local(7), False),
        # Switched off at night: it has some minutes in the morning.
        (local(9, 3), local(7), False),
        (local(9, 3, 1), local(7), True),
        (local(16), local(15), False),
    ],
)
def test_a_device_is_silent_when_it_is_not_heard_in_open_hours(
    now: datetime, last: datetime | None, silent: bool
) -> None:
    seen = drawn(site(), *([heard(last)] if last else []), at=now)
    assert seen.silent == (("borne",) if silent else ())


def test_a_gateway_and_a_device_that_is_not_in_force_are_never_silent() -> None:
    devices = [
        PlacedDevice(device="passerelle", kind="gateway"),
        PlacedDevice(device="ancienne", kind="kiosk", valid_to=DAY),
        PlacedDevice(device="future", kind="kiosk", valid_from=DAY + timedelta(days=1)),
    ]
    seen = drawn(site(devices=devices))
    assert [one.device for one in seen.devices] == ["passerelle"]
    assert seen.silent == ()


def test_what_can_be_of_today_no_more_is_dropped() -> None:
    of_site = known(
        *(bucket(NOON - timedelta(days=n), 1) for n in range(10)),
        *(waiting(1, NOON, business_date=DAY - timedelta(days=n)) for n in range(10)),
    )
    before = picture(known(site(), *of_site.buckets.values()), NOON, SILENT_AFTER)
    of_site.forget(NOON)
    assert (len(of_site.buckets), len(of_site.waiting)) == (2, 2)
    assert picture(known(site(), *of_site.buckets.values()), NOON, SILENT_AFTER) == before


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Marquesas", "Pacific/Wallis"])
def test_today_is_kept_in_every_time_zone(zone: str) -> None:
    for hour in range(24):
        now = datetime(2026, 3, 10, hour, 59, tzinfo=UTC)
        today = now.astimezone(ZoneInfo(zone)).date()
        midnight = datetime.combine(today, time(), ZoneInfo(zone)).astimezone(UTC)
        assert is_recent(bucket(midnight, 1), now)
        # The business day begins at four.
        yesterday = (now - timedelta(hours=4)).astimezone(ZoneInfo(zone)).date()
        assert is_recent(waiting(1, now, business_date=yesterday), now)
