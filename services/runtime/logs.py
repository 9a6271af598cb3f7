"""Structured logs: one JSON object a line, fields and ids, never a payload or a person.

What a library says in an exception or a warning may quote what it was given, so its words are only
taken over where they speak of machines; type, place and code of an error are always told.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Annotated, Any, Literal, TextIO

from pydantic import Field

from services.runtime.settings import Settings

log = logging.getLogger(__name__)

OURS = ("services", "schemas", "dashboards", "passage")
"""Loggers that follow the level; libraries are heard from WARNING on: below, they print what they
send."""
LONGEST_WORDS = 300

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime"}
# Packages whose errors of these names are about connections and files.
_OF_MACHINES = {
    ("psycopg", "OperationalError"),
    ("aiokafka", "KafkaError"),
    ("kafka", "KafkaError"),
}


class LogSettings(Settings):
    """Base of the settings of whatever writes a log."""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="debug, info, warning or error"),
    ] = "info"


class JsonFormatter(logging.Formatter):
    """Renders a record and its `extra` fields as one line of JSON, time in UTC."""

    def __init__(self, service: str | None = None) -> None:
        super().__init__()
        self._service = {"service": service} if service else {}

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._service,
            "logger": record.name,
            "message": _message(record),
        }
        for key, value in vars(record).items():
            if key not in _STANDARD:
                line.setdefault(key, value)
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = "\n".join(_chain(record.exc_info[1], set()))
        return json.dumps(line, default=_plain, ensure_ascii=False)


def configure(stream: TextIO, level: str = "info", service: str | None = None) -> None:
    """Send every log of the process to the stream as JSON lines, and all that Python itself says.

    For a service, once, at its start: exceptions that nobody catches and warnings become lines too.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    number = logging.getLevelName(level.upper())
    root.setLevel(max(number, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(number)
    sys.excepthook = _unhandled
    sys.unraisablehook = lambda lost: _unhandled(lost.exc_type, lost.exc_value, lost.exc_traceback)
    threading.excepthook = lambda lost: _unhandled(
        lost.exc_type, lost.exc_value, lost.exc_traceback
    )
    warnings.showwarning = _warned


def told(error: BaseException) -> str:
    """An error in a line of a log: its type, and its words unless they may quote what it met."""
    name = type(error).__name__
    code = getattr(error, "sqlstate", None)
    if not _speaks_of_machines(error):
        return f"{name} ({code})" if code else name
    words = str(error).strip()
    if code:
        # What follows the server's first line may quote a row.
        words = words.partition("\n")[0]
    return f"{name}: {' '.join(words.split())[:LONGEST_WORDS]}"


def _speaks_of_machines(error: BaseException) -> bool:
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}
    is_ours = type(error).__module__.partition(".")[0] in OURS
    return is_ours or isinstance(error, OSError) or bool(kinds & _OF_MACHINES)


def _chain(error: BaseException, seen: set[int]) -> Iterator[str]:
    """An error after what led to it, each with its places, the innermost last."""
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _chain(before, seen)
        yield "then"
    for place in traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    ):
        yield f"  {place.filename}:{place.lineno} in {place.name}"
    yield told(error)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield "together with"
            yield from _chain(one, seen)


class _Told(str):
    """An error in place of itself, however it is formatted."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _message(record: logging.LogRecord) -> str:
    text = told(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
    if isinstance(record.args, tuple) and record.args:
        # A wrong template is still a line.
        with suppress(TypeError, ValueError):
            text %= tuple(
                _Told(told(a)) if isinstance(a, BaseException) else a for a in record.args
            )
    elif record.args:
        text = record.getMessage()
    if record.name == "asyncio":
        # It goes on with a description of the task or the callback, arguments included.
        text = text.partition("\n")[0].partition("(")[0].strip()
    return text


def _plain(value: object) -> str:
    return told(value) if isinstance(value, BaseException) else str(value)


def _unhandled(
    kind: type[BaseException], error: BaseException | None, where: TracebackType | None
) -> None:
    if issubclass(kind, SystemExit | KeyboardInterrupt):
        return
    exc_info = (kind, error, where) if error is not None else None
    log.critical("unhandled exception", exc_info=exc_info, extra={"error": kind.__name__})


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning(
        "warning of Python", extra={"category": category.__name__, "place": f"{filename}:{lineno}"}
    )
