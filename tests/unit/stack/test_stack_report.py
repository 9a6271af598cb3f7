"""A person sees each step, how long it took, or why there was nothing to do."""

from __future__ import annotations

import io
import re

import pytest

from services.stack.report import ConsoleReport


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_step_ends_with_its_duration() -> None:
    stream = io.StringIO()
    with ConsoleReport(stream)("Starting Kafka"):
        assert stream.getvalue() == "Starting Kafka … "
    assert re.fullmatch(r"Starting Kafka … 0\.\d s\n", stream.getvalue())


def test_a_note_takes_the_place_of_the_duration() -> None:
    stream = io.StringIO()
    with ConsoleReport(stream)("Starting Kafka") as step:
        step.note("already running")
    assert stream.getvalue() == "Starting Kafka … already running\n"


def test_a_failed_step_says_so() -> None:
    stream = io.StringIO()
    with pytest.raises(RuntimeError), ConsoleReport(stream)("Starting Kafka"):
        raise RuntimeError
    assert stream.getvalue() == "Starting Kafka … failed\n"


def test_on_a_terminal_the_last_words_are_the_same() -> None:
    stream = Terminal()
    with ConsoleReport(stream)("Starting Kafka") as step:
        step.note("done")
    assert stream.getvalue().endswith("Starting Kafka … done\n")
