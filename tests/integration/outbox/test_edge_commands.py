from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from schemas.codec import decode
from services.edge.__main__ import _MODULES, edge
from services.edge.outbox import Outbox

TICKET = ["ticket", "--queue", "sejour", "--number", "A042", "--directorate", "dmi"]
TICKET += ["--service", "sejour"]


@pytest.fixture
def environ(tmp_path):
    return {
        "PASSAGE_DEVICE": "creteil-kiosk-1",
        "PASSAGE_SITE": "creteil",
        "PASSAGE_OUTBOX": str(tmp_path / "outbox.db"),
        "PASSAGE_OUTBOX_MIN_FREE_MB": "0",
        "PASSAGE_KAFKA": "127.0.0.1:1",
    }


@pytest.fixture
def run(environ):
    def run(*arguments, stdin=None):
        return CliRunner().invoke(edge, [*arguments], env=environ, input=stdin)

    return run


@pytest.fixture
def waiting(environ):
    def waiting():
        outbox = Outbox(environ["PASSAGE_OUTBOX"])
        try:
            return [decode(entry.body) for entry in outbox.pending(100)]
        finally:
            outbox.close()

    return waiting


def test_a_ticket_prints_its_ids_once_it_waits(run, waiting):
    result = run(*TICKET, "--json", "--persons", "3")
    assert result.exit_code == 0, result.output
    [event] = waiting()
    assert json.loads(result.stdout) == {
        "event_id": str(event.event_id),
        "seq": 1,
        "visit_id": str(event.visit_id),
    }


def test_a_check_in_joins_its_ticket(run, waiting):
    run(*TICKET)
    where = ["--directorate", "dmi", "--service", "sejour"]
    assert run("check-in", *where, "--queue", "sejour", "--number", "A042").exit_code == 0
    assert len({event.visit_id for event in waiting()}) == 1


def test_a_wrong_field_is_a_wrong_use(run, environ, tmp_path):
    result = run("ticket", *TICKET[1:3], "--number", "a42", *TICKET[5:])
    assert result.exit_code == 2
    assert "number" in result.stderr


def test_a_missing_setting_is_named(run, environ):
    environ["PASSAGE_DEVICE"] = ""
    result = run(*TICKET)
    assert result.exit_code == 1
    assert "PASSAGE_DEVICE is not set" in result.stderr


def test_a_dry_run_writes_nothing(run, environ, tmp_path):
    result = run(*TICKET, "--dry-run")
    assert json.loads(result.stdout)["number"] == "A042"
    assert not (tmp_path / "outbox.db").exists()


def test_events_by_the_line_have_a_result_each(run, waiting):
    run(*TICKET)
    lines = [
        '{"type": "called", "ticket": "sejour/A042", "desk": "g3"}',
        '{"type": "called"}',
        "",
        "nonsense",
        '{"type": "cancelled", "visit_id": "88f5ec39-9d0e-56f5-be4c-96b47c0b34d4"}',
    ]
    result = run("event", "--json", "-", stdin="\n".join(lines))
    results = [json.loads(line) for line in result.stdout.splitlines()]
    assert [("error" in r, r["line"]) for r in results] == [
        (False, 1),
        (True, 2),
        (True, 4),
        (False, 5),
    ]
    assert result.exit_code == 1
    ticket, called, _ = waiting()
    assert called.visit_id == ticket.visit_id


def test_one_event_of_a_named_type(run, waiting):
    assert run("event", "called", "--json", '{"ticket": "sejour/A042"}').exit_code == 0
    assert run("event", "called", "--json", '{"type": "left"}').exit_code == 2
    assert run("event", "dance", "--json", "{}").exit_code == 2
    assert [event.type for event in waiting()] == ["called"]


def test_delivery_that_finds_no_broker_fails_with_what_waits(run):
    run(*TICKET)
    result = run("deliver", "--timeout", "0.3")
    assert result.exit_code == 1
    assert "1 events wait still" in result.stderr


def test_status_tells_and_fails_when_a_person_is_needed(run, environ):
    assert "no outbox" in run("status").stderr
    run(*TICKET)
    assert run("status").exit_code == 0
    outbox = Outbox(environ["PASSAGE_OUTBOX"])
    outbox.refuse(outbox.pending(1)[0].position, "too large")
    outbox.close()
    result = run("status", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["refused"] == 1
    listed = run("refused", "list")
    assert listed.exit_code == 1
    assert "too large" in listed.stdout
    assert "1 events wait again" in run("refused", "retry").stdout
    assert run("refused", "list").exit_code == 0


def test_a_damaged_outbox_is_salvaged_and_status_keeps_saying_so(run, environ, tmp_path):
    (tmp_path / "outbox.db").write_bytes(b"\xa5" * 8192)
    assert "passage edge salvage" in run(*TICKET).stderr
    assert run("salvage").exit_code == 0
    assert run(*TICKET).exit_code == 0
    result = run("status")
    assert result.exit_code == 1
    assert "set aside" in result.stdout


@pytest.mark.parametrize("name", _MODULES)
def test_every_command_explains_itself(run, name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert len(result.stdout) > 100
