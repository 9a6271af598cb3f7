"""Lines of a log: one JSON object each, whatever was said, and nobody's name in them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from pydantic import TypeAdapter

from services.runtime.logs import JsonFormatter, told

NAME, PHONE = "Camille Dupont", "0612345678"


def line(record: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter("processor").format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def record(message: object, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("services.x", logging.WARNING, "x.py", 1, message, args, None)
    made.__dict__.update(extra)
    return made


def raised(error: BaseException) -> BaseException:
    """The same, with the places that it went through."""
    try:
        raise error
    except BaseException as caught:
        return caught


def of_pydantic() -> BaseException:
    try:
        TypeAdapter(int).validate_python(f"{NAME} {PHONE}")
    except ValueError as error:
        return error
    raise AssertionError


QUOTING = [
    ValueError(f"invalid literal: {NAME}"),
    KeyError(NAME),
    of_pydantic(),
    psycopg.errors.CheckViolation(f"new row violates\nDETAIL: Failing row: ({NAME}, {PHONE})"),
    psycopg.errors.LockNotAvailable(f"lock timeout\nCONTEXT: COPY event, line 1: {NAME}"),
    ExceptionGroup(NAME, [ValueError(PHONE)]),
]


@pytest.mark.parametrize("error", QUOTING, ids=lambda e: type(e).__name__)
def test_an_error_that_quotes_what_it_met_is_told_without_it(error: Exception) -> None:
    outer = RuntimeError("around it")
    outer.__cause__ = raised(error)
    failed = record("Crashed reason=%r", error, of=error)
    failed.exc_info = (RuntimeError, raised(outer), outer.__traceback__)
    written = line(failed)
    text = json.dumps(written, ensure_ascii=False)
    assert NAME not in text
    assert PHONE not in text
    assert type(error).__name__ in written["message"]
    assert f"{__file__}:" in written["exception"]
    assert written["exception"].index(type(error).__name__) < written["exception"].index("Runtime")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError("Connection refused"), "Connection refused"),
        (psycopg.OperationalError("no such host\n\tIs it running?"), "no such host Is it running?"),
        (psycopg.errors.LockNotAvailable("lock timeout\nCONTEXT: x"), "lock timeout"),
    ],
)
def test_an_error_about_a_machine_keeps_its_words(error: Exception, words: str) -> None:
    assert told(error) == f"{type(error).__name__}: {words}"


def test_fields_never_replace_the_lines_own() -> None:
    written = line(record("recorded", events=3, at=17, level="none", service="x"))
    assert written["events"] == 3
    assert written["level"] == "warning"
    assert written["service"] == "processor"
    assert written["at"].endswith("+00:00")


def test_a_wrong_template_is_still_a_line() -> None:
    assert line(record("%s of %d", "one"))["message"] == "%s of %d"


def test_what_asyncio_says_of_a_lost_task_has_no_arguments() -> None:
    lost = record(f"Exception in callback take('{NAME}')\nhandle: <Handle take('{NAME}')>")
    lost.name = "asyncio"
    assert line(lost)["message"] == "Exception in callback take"


SERVICE = f"""
import asyncio, logging, sys, threading, warnings
from services.runtime import logs

logs.configure(sys.stderr, "LEVEL", "processor")

async def lost():
    async def fails():
        raise ValueError({NAME!r})
    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    del task
    asyncio.get_running_loop().call_soon(int, {NAME!r})
    await asyncio.sleep(0.01)

class Gone:
    def __del__(self):
        raise ValueError({NAME!r})

def fails():
    raise ValueError({NAME!r})

warnings.warn("{NAME} has no desk", stacklevel=1)
logging.getLogger("aiokafka").info("sent {NAME}")
logging.getLogger("aiokafka").warning("closed")
logging.getLogger("services.x").debug("a detail")
logging.getLogger("services.x").info("a fact")
thread = threading.Thread(target=fails)
thread.start()
thread.join()
Gone()
asyncio.run(lost())
fails()
"""


@pytest.mark.parametrize(("level", "details"), [("info", 0), ("debug", 1)])
def test_whatever_python_says_of_a_service_is_a_line_without_a_name(
    level: str, details: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "always", "-c", SERVICE.replace("LEVEL", level)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert (ended.stdout, NAME in ended.stderr) == ("", False)
    lines = [json.loads(one) for one in ended.stderr.splitlines()]
    assert {one["service"] for one in lines} == {"processor"}
    said = [one["message"] for one in lines]
    # In a thread, in a finalizer, in the main thread.
    assert said.count("unhandled exception") == 3
    assert said.count("warning of Python") == 1
    assert said.count("a detail") == details
    assert {"a fact", "closed", "Task exception was never retrieved"} <= set(said)
    failures = [one for one in lines if "exception" in one]
    assert len(failures) == 5
    assert all(one["exception"].endswith("ValueError") for one in failures)
