"""What every panel of a board is drawn with: its language and its colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.catalogue import Catalogue, Language
from dashboards.palette import directorate_colours


@dataclass(frozen=True)
class Style:
    """A language, and each directorate's colour."""

    say: Catalogue
    directorate_colours: Mapping[str, str]

    @classmethod
    def of(cls, language: Language, directorates: Sequence[str]) -> Style:
        """Directorates by code, in the order of the registry."""
        return cls(Catalogue(language), directorate_colours(directorates))
