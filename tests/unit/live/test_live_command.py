from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from services.live.__main__ import live
from services.runtime import logs

UNUSED = "127.0.0.1:1"


@pytest.fixture(autouse=True)
def _logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for module, hook in (
        (sys, "excepthook"),
        (sys, "unraisablehook"),
        (threading, "excepthook"),
        (warnings, "showwarning"),
    ):
        monkeypatch.setattr(module, hook, getattr(module, hook))
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logs.OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)


def run(**environ: str) -> Result:
    return CliRunner().invoke(live, [], env=environ)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PASSAGE_KAFKA", "kafka"),
        ("PASSAGE_LIVE_PORT", "0"),
        ("PASSAGE_LIVE_SILENT_AFTER_S", "soon"),
        ("PASSAGE_LIVE_CORS_ORIGINS", "hall.example"),
        ("PASSAGE_LIVE_CORS_ORIGINS", "http://hall.example/"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, value: str) -> None:
    result = run(**({"PASSAGE_KAFKA": UNUSED} | {setting: value}))
    assert result.exit_code == 2
    assert f"{setting} is wrong" in result.output


def test_without_a_broker_it_ends_with_a_sentence_that_says_what_to_do() -> None:
    result = run(PASSAGE_KAFKA=UNUSED)
    assert result.exit_code == 1
    assert f"no broker answers at {UNUSED}" in result.output
    assert "check PASSAGE_KAFKA" in result.output
