"""Checks are made side by side: none keeps the others from their answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from services.doctor.__main__ import doctor
from services.doctor.catalogue import CHECKS, Check
from services.doctor.deployment import Deployment
from services.doctor.examination import examine
from services.doctor.findings import CannotTell, Finding, State, ok
from services.doctor.settings import DoctorSettings


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Set only when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def deployment(patience_s: float = 5.0) -> Deployment:
    return Deployment(DoctorSettings(), {}, patience_s=patience_s)


def test_a_check_that_hangs_fails_or_cannot_tell_leaves_the_others_their_answer(
    never: threading.Event,
) -> None:
    def hangs(_: Deployment) -> list[Finding]:
        never.wait()
        return []

    def fails(_: Deployment) -> list[Finding]:
        raise RuntimeError("boom")

    def cannot(_: Deployment) -> list[Finding]:
        raise CannotTell("needs PASSAGE_X")

    looks = {"hangs": hangs, "fails": fails, "cannot": cannot, "well": lambda _: [ok("well")]}
    checks = [Check(name, "", look) for name, look in looks.items()]
    found = dict(examine(checks, deployment(patience_s=0.1)))
    assert [(name, finding.state) for name, finding in found.items()] == [
        ("hangs", State.SKIPPED),
        ("fails", State.PROBLEM),
        ("cannot", State.SKIPPED),
        ("well", State.OK),
    ]
    assert "RuntimeError" in found["fails"].sentence


def test_without_any_setting_everything_but_the_machine_is_skipped_and_says_why() -> None:
    result = CliRunner().invoke(doctor, ["--format", "json"], env=_nothing())
    found = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert {one["check"] for one in found} == {check.name for check in CHECKS}
    others = [one for one in found if one["check"] not in ("python", "packages")]
    assert {one["state"] for one in others} == {"skipped"}
    assert all("needs" in one["sentence"] for one in others)


def test_help_names_every_check_and_the_exit_codes() -> None:
    text = CliRunner().invoke(doctor, ["--help"]).output
    assert all(f"  {check.name} " in text for check in CHECKS)
    assert all(f"  {code}  when" in text for code in (0, 1, 2))


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (["--check", "nothing"], {}, "nothing"),
        ([], {"PASSAGE_KAFKA": "no-port"}, "PASSAGE_KAFKA"),
        ([], {"PASSAGE_DATABASE_READER": "postgresql://:secret@"}, "PASSAGE_DATABASE_READER"),
        (["--check", "grafana"], {"GRAFANA_URL": "grafana:3000"}, "GRAFANA_URL"),
    ],
)
def test_wrong_use_ends_with_2_and_names_it(
    arguments: list[str], environ: dict[str, str], words: str
) -> None:
    result = CliRunner().invoke(doctor, arguments, env=_nothing() | environ)
    assert result.exit_code == 2
    assert words in result.output
    assert "secret" not in result.output


def _nothing() -> dict[str, str]:
    # An address counts as one that is set: a local stack of this checkout is not looked at.
    return {"PASSAGE_KAFKA": "", "PASSAGE_DATABASE_READER": "", "GRAFANA_URL": ""}
