"""The page's texts in each language: `texts.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from dashboards.catalogue import Language


@cache
def texts(language: Language) -> dict[str, str]:
    """Each text by its key."""
    table = tomllib.loads(resources.files(__package__).joinpath("texts.toml").read_text("utf-8"))
    return {key: text[language] for key, text in table.items()}
