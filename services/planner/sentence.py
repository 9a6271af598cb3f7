"""What is wrong with a question, in English and in the language of the page: `sentences.toml`."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib import resources

from dashboards.catalogue import Language
from services.planner.wording import day


@cache
def _sentences() -> dict[str, dict[Language, str]]:
    file = resources.files(__package__).joinpath("sentences.toml")
    return tomllib.loads(file.read_text("utf-8"))


class Sentence(str):
    """A sentence in English, as commands and the API say it, which knows itself in French too.

    Its values are texts, numbers, days and sentences; each is said in the language of the whole.
    Raises KeyError for a key that the catalogue has not.
    """

    _key: str
    _values: dict[str, object]

    def __new__(cls, key: str, **values: object) -> Sentence:
        self = super().__new__(cls, _said(key, values, "en"))
        self._key, self._values = key, values
        return self

    def in_language(self, language: Language) -> str:
        """The same sentence in a language."""
        return _said(self._key, self._values, language)


def _said(key: str, values: dict[str, object], language: Language) -> str:
    texts = {name: _text(value, language) for name, value in values.items()}
    return _sentences()[key][language].format_map(texts)


def _text(value: object, language: Language) -> str:
    match value:
        case Sentence():
            return value.in_language(language)
        case date():
            return day(value, language)
        case _:
            return f"{value}"
