"""Every text that a board or an alert shows, in each language: `messages/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_FOLDER = resources.files("dashboards").joinpath("messages")


class Catalogue:
    """The texts of one language: `say("passages_by_hour.title")`."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._messages = messages()

    def __call__(self, key: str, **values: str) -> str:
        """A text, with `{name}` replaced by the value of that name. Raises KeyError."""
        text = self._messages[key][self.language]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text


@cache
def messages() -> Mapping[str, Mapping[str, str]]:
    """Each key with its text by language. Raises ValueError for a key that two files define."""
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(_FOLDER.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        for key, text in _leaves("", tomllib.loads(file.read_text(encoding="utf-8"))):
            if key in found:
                raise ValueError(f"{file.name} defines {key} again")
            found[key] = text
    return found


def _leaves(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    if table.keys() & set(LANGUAGES):
        yield prefix, table
        return
    for key, below in table.items():
        yield from _leaves(f"{prefix}.{key}" if prefix else key, below)
