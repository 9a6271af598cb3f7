"""Paths into a payload: dotted or JSON pointer, and nothing that could be executed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WHOLE = "$"
# No id and no time is larger; numbers without end cannot be written out.
_LARGEST = 10**20
_INDEX = re.compile(r"-?[0-9]{1,6}")
_LEADING_DOTS = re.compile(r"\.*")


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value is: from the payload's root, or from an item of `each` or one around it."""

    text: str
    """As it is written in the mapping."""
    up: int | None
    """None: from the root; 0: from the innermost item; 1: from the item around it."""
    steps: tuple[str, ...]


def parse_path(text: str) -> Path:
    """`data.id`, `/Heure d'appel`, `.time_start`, `..service_id`, `$`. Raises ValueError."""
    if text == WHOLE:
        return Path(text, None, ())
    if text.startswith("/"):
        steps = tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))
        return Path(text, None, steps)
    dots = len(_LEADING_DOTS.match(text)[0])  # type: ignore[index]  # matches every text
    rest = text[dots:]
    steps = tuple(rest.split(".")) if rest else ()
    if not text or "" in steps or (not rest and dots > 1):
        raise ValueError(
            f"{text!r} is no path; expected such as data.created.date, .time_start within `each`,"
            " or /Heure d'appel where the name has dots"
        )
    return Path(text, dots - 1 if dots else None, steps)


def value_at(path: Path, scopes: Sequence[Any]) -> Any:
    """What is there, or None: absent, null and blank text are one.

    `scopes` are the payload and the items that the rule is used for, the innermost last.
    """
    if path.up is None:
        value = scopes[0]
    elif path.up < len(scopes) - 1:
        value = scopes[-1 - path.up]
    else:
        return None
    for step in path.steps:
        value = _inside(value, step)
        if value is None:
            return None
    if isinstance(value, str) and not value.strip():
        return None
    return value


def text_of(value: Any) -> str | None:
    """A single value as the text by which it is compared and looked up; None for anything else."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value.strip()
        case int() | float() if abs(value) < _LARGEST:
            return str(int(value)) if value == int(value) else str(value)
    return None


def _inside(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and _INDEX.fullmatch(step):
        index = int(step)
        return value[index] if -len(value) <= index < len(value) else None
    return None
