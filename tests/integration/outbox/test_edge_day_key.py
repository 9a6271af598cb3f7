from __future__ import annotations

import os
import stat
from datetime import date

import pytest
from click.testing import CliRunner

from schemas.codec import decode
from schemas.events import CheckedIn, Correction
from services.core.visit_id import hash_appointment, of_appointment
from services.edge.__main__ import edge
from services.edge.day_key import DayKeyError, DayKeys
from services.edge.outbox import Outbox

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "day-keys"


def test_a_key_lives_for_one_business_day_and_is_then_destroyed(folder):
    keys = DayKeys(folder)
    monday = keys.key(MONDAY)
    assert keys.key(MONDAY) == monday
    assert keys.key(TUESDAY) != monday
    assert [path.name for path in folder.iterdir()] == ["2026-03-03.key"]


def test_a_destroyed_key_is_overwritten_before_it_goes(folder):
    keys = DayKeys(folder)
    keys.key(MONDAY)
    other_name = folder / "kept"
    os.link(folder / "2026-03-02.key", other_name)
    assert keys.destroy_before(TUESDAY) == 1
    assert other_name.read_bytes() == bytes(32)


def test_only_the_devices_user_may_read_a_key(folder):
    DayKeys(folder).key(MONDAY)
    assert stat.S_IMODE((folder / "2026-03-02.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_devices_that_share_the_key_hash_an_appointment_alike(tmp_path):
    kiosk, reception = DayKeys(tmp_path / "kiosk"), DayKeys(tmp_path / "reception")
    reception.install(MONDAY, kiosk.key(MONDAY))
    hashes = {hash_appointment("RDV-17", day_key=keys.key(MONDAY)) for keys in (kiosk, reception)}
    assert len(hashes) == 1


def test_a_key_that_was_used_is_not_replaced(folder):
    keys = DayKeys(folder)
    used = keys.key(MONDAY)
    with pytest.raises(DayKeyError, match="another key"):
        keys.install(MONDAY, bytes(range(32)))
    assert keys.key(MONDAY) == used
    keys.install(MONDAY, used)


def test_what_is_no_key_is_refused(folder):
    with pytest.raises(DayKeyError, match="64 hexadecimal digits"):
        DayKeys(folder).install(MONDAY, b"short")
    folder.mkdir()
    (folder / "2026-03-02.key").write_bytes(b"")
    with pytest.raises(DayKeyError, match="holds no key"):
        DayKeys(folder).key(MONDAY)


def test_a_check_in_sends_the_hash_and_never_the_reference(tmp_path):
    environ = {
        "PASSAGE_DEVICE": "creteil-reception",
        "PASSAGE_SITE": "creteil",
        "PASSAGE_OUTBOX": str(tmp_path / "outbox.db"),
        "PASSAGE_OUTBOX_MIN_FREE_MB": "0",
        "PASSAGE_DAY_KEYS": str(tmp_path / "day-keys"),
    }
    where = ["--directorate", "dmi", "--service", "sejour"]
    ticket = ["--queue", "sejour", "--number", "A042"]
    done = CliRunner().invoke(
        edge,
        ["check-in", *where, *ticket, "--appointment-reference", "-"],
        env=environ,
        input="RDV-17\n",
    )
    assert done.exit_code == 0, done.output
    outbox = Outbox(tmp_path / "outbox.db")
    bodies = [entry.body for entry in outbox.pending(10)]
    outbox.close()
    assert b"RDV-17" not in b"".join(bodies)
    checked_in, correction = map(decode, bodies)
    assert isinstance(checked_in, CheckedIn)
    assert isinstance(correction, Correction)
    assert checked_in.appointment is not None
    assert correction.visit_id == checked_in.visit_id
    assert correction.joins == of_appointment("creteil", checked_in.appointment)
