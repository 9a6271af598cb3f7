"""What is wrong with a question: the same in every language."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from importlib import resources

import pytest

from dashboards.catalogue import LANGUAGES
from services.planner.period import NotAPeriod, named
from services.planner.sentence import Sentence

CATALOGUE = tomllib.loads(
    resources.files("services.planner").joinpath("sentences.toml").read_text("utf-8")
)


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_sentence_is_in_every_language(key: str) -> None:
    texts = CATALOGUE[key]
    assert list(texts) == list(LANGUAGES)
    assert all(texts.values())


def test_a_sentence_is_english_where_nobody_asks() -> None:
    with pytest.raises(NotAPeriod) as error:
        named("2025-S3", "Europe/Paris")
    assert f"{error.value}".startswith("'2025-S3' is no period; write 2025, 2025-S2 (half year)")
    said = error.value.args[0].in_language("fr")
    assert said.startswith("« 2025-S3 » n’est pas une période ; écrivez 2025, 2025-S2 (semestre)")


def test_what_stands_in_a_sentence_is_in_its_language_too() -> None:
    days = Sentence("days", first=date(2199, 1, 1), last=date(2199, 2, 1))
    sentence = Sentence("in_the_future", days=days)
    assert sentence.startswith("2199-01-01 to 2199-02-01 lies in the future")
    assert sentence.in_language("fr").startswith("01/01/2199 au 01/02/2199 : c’est dans l’avenir")


def test_braces_that_somebody_typed_are_just_braces() -> None:
    remedy = Sentence("known_are", codes="a, b")
    sentence = Sentence("unknown_site", code="{code.__class__}", remedy=remedy)
    assert sentence == "unknown site '{code.__class__}'; known are a, b"
    assert not re.search("str", sentence)
