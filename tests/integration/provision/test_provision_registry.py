from __future__ import annotations

from datetime import date

import psycopg
import pytest

from schemas.registry import Registry
from services.provision.errors import InvalidRegistry, ProvisionError
from services.provision.registry import load
from services.runtime.registry import NoRegistry, read_registry, read_registry_async

TODAY = date(2026, 11, 24)


def smaller(registry: Registry, **without: str) -> Registry:
    """The registry without one entry of each named kind."""
    return registry.model_copy(
        update={
            kind: tuple(entry for entry in getattr(registry, kind) if entry.code != code)
            for kind, code in without.items()
        }
    )


@pytest.fixture
def device(registry) -> str:
    return registry.devices[0].code


def test_loaded_twice_changes_nothing(database, registry):
    load(database.owner, registry, TODAY)
    assert load(database.owner, registry, TODAY) == []
    assert database.value("SELECT count(*) FROM registry_revision") == 1


def test_another_year_adds_its_holidays_but_no_revision(database, registry):
    load(database.owner, registry, TODAY)
    changes = load(database.owner, registry, date(2027, 1, 1))
    assert len(changes) == 1
    assert changes[0].startswith("add ")
    assert "closed days" in changes[0]


def test_what_is_read_is_what_was_loaded(database, registry):
    with psycopg.connect(database.writer) as connection:
        revision, found = read_registry(connection)
    assert (revision, found) == (1, registry)


async def test_the_processor_reads_it_too(database, registry):
    async with await psycopg.AsyncConnection.connect(database.writer) as connection:
        assert (await read_registry_async(connection))[1] == registry


def test_no_registry_is_said(database):
    with psycopg.connect(database.owner) as connection:
        connection.execute("DELETE FROM registry_revision")
        with pytest.raises(NoRegistry, match="passage provision registry FILE"):
            read_registry(connection)


def test_an_entry_that_nothing_names_may_go_and_come_back(database, registry, device):
    changes = load(database.owner, smaller(registry, devices=device), TODAY)
    assert changes == [f"remove 1 device: {device}", "add revision 2 of the registry val-de-marne"]
    assert load(database.owner, registry, TODAY) == [
        f"add 1 device: {device}",
        "add revision 3 of the registry val-de-marne",
    ]


def test_an_entry_that_facts_name_may_not_vanish(database, registry, device):
    site = registry.devices[0].site
    with psycopg.connect(database.writer) as writer:
        writer.execute("INSERT INTO coverage VALUES (now(), %s, %s, 1)", [site, device])
    with pytest.raises(InvalidRegistry, match=rf"device '{device}' would vanish .* valid_to"):
        load(database.owner, smaller(registry, devices=device), TODAY)
    assert database.value("SELECT count(*) FROM registry_revision") == 1
    closed = registry.devices[0].model_copy(update={"valid_to": TODAY})
    load(
        database.owner,
        registry.model_copy(update={"devices": (closed, *registry.devices[1:])}),
        TODAY,
    )
    assert database.value("SELECT valid_to FROM device WHERE code = %(c)s", c=device) == TODAY


@pytest.mark.parametrize("kind", ["sites", "directorates", "services", "queues", "desks"])
def test_each_kind_of_entry_is_kept_while_events_name_it(database, registry, kind):
    code = getattr(registry, kind)[0].code
    column = kind.removesuffix("s")
    with psycopg.connect(database.writer) as writer:
        writer.execute(
            "INSERT INTO visit_event (corrected_at, event_id, visit_id, type, site, source,"
            " boot_id, clock_synced, occurred_at, received_at, correction_method, body) VALUES"
            " (now(), gen_random_uuid(), gen_random_uuid(), 'x', %(site)s, 'x',"
            " gen_random_uuid(), true, now(), now(), 'stated',"
            " jsonb_build_object(%(column)s::text, %(code)s::text))",
            {"site": code if kind == "sites" else "x", "column": column, "code": code},
        )
    # Not through the model: it would refuse entries that name what is gone.
    with pytest.raises(InvalidRegistry, match=f"{column} '{code}'"):
        load(database.owner, smaller(registry, **{kind: code}), TODAY)


def test_days_are_counted_anew_when_a_sites_time_zone_changes(database, registry):
    site, other = registry.sites[:2]
    # 21:30 in Créteil, half past midnight on the next day on La Réunion.
    with psycopg.connect(database.writer) as writer:
        for code in (site.code, other.code):
            key = ("2026-03-03 20:30+00", code, "dcl", "titres", "kiosk")
            day = ("2026-03-03", *key[1:])
            for table, of in (("footfall", key), ("footfall_day", day)):
                writer.execute(
                    f"INSERT INTO {table} VALUES (%s, %s, %s, %s, %s, 4)",
                    of,
                )
            for table, of in (("footfall_wait", key), ("footfall_wait_day", day)):
                writer.execute(f"INSERT INTO {table} VALUES (%s, %s, %s, %s, %s, 'wait', 7, 4)", of)
    moved = registry.model_copy(
        update={
            "sites": (
                site.model_copy(update={"time_zone": "Indian/Reunion"}),
                *registry.sites[1:],
            )
        }
    )
    sentence = f"count the days of {site.code} anew, by the new time zone"
    assert f"would {sentence}" in load(database.owner, moved, TODAY, dry_run=True)
    assert sentence in load(database.owner, moved, TODAY)
    for counted, n in (("footfall_daily", "passages"), ("wait_bins_daily", "n")):
        assert database.rows(f"SELECT site, local_date, {n} FROM {counted} ORDER BY site") == [
            (site.code, date(2026, 3, 4), 4),
            (other.code, date(2026, 3, 3), 4),
        ]
    assert load(database.owner, moved, TODAY) == []


def test_a_dry_run_loads_nothing(database, registry, device):
    changes = load(database.owner, smaller(registry, devices=device), TODAY, dry_run=True)
    assert changes == [
        f"would remove 1 device: {device}",
        "would add a revision of the registry val-de-marne",
    ]
    assert load(database.owner, registry, TODAY) == []


def test_a_wrong_file_changes_nothing(database, tmp_path):
    file = tmp_path / "registry.yaml"
    file.write_text(
        "{code: t, name: T, sites: [], directorates: [], devices: [],"
        " services: [{code: titres, name: T, directorate: dlc}]}"
    )
    with pytest.raises(
        InvalidRegistry, match="service 'titres' names the unknown directorate 'dlc'"
    ):
        load(database.owner, file, TODAY)


def test_hours_and_closures_follow_the_file(database, registry):
    site = registry.sites[0]
    changed = site.model_copy(update={"opening_hours": (), "public_holidays": None, "closures": ()})
    load(
        database.owner,
        registry.model_copy(update={"sites": (changed, *registry.sites[1:])}),
        TODAY,
    )
    for table in ("opening_hours", "closed_day"):
        assert database.value(f"SELECT count(*) FROM {table} WHERE site = %(s)s", s=site.code) == 0


def test_the_writer_may_not_load(database, registry, device):
    with pytest.raises(ProvisionError, match="PASSAGE_DATABASE_OWNER"):
        load(database.writer, smaller(registry, devices=device), TODAY)


def test_an_unprepared_database_is_said(database, registry):
    other = database.admin
    with pytest.raises(ProvisionError, match="run `passage provision database` first"):
        load(other, registry, TODAY)
