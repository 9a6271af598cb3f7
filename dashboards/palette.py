"""Colours that stay apart for colour-blind eyes, the same thing in the same colour on every board.

The eight colours are those of Okabe and Ito, "Color Universal Design" (2008), without their black,
which a dark theme swallows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
PINK = "#CC79A7"
SKY = "#56B4E9"
VERMILION = "#D55E00"
YELLOW = "#F0E442"
GREY = "#8C8C8C"

_DIRECTORATES = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, YELLOW, "#7F6A3C", "#B39DDB", "#80CBC4")

FINE = BLUE
WATCH = ORANGE
ACT = VERMILION
UNKNOWN = GREY
"""Of what nobody vouches for: never the colour of a count."""


def directorate_colours(directorates: Sequence[str]) -> Mapping[str, str]:
    """Each directorate's colour, by its place in the registry, where places never change.

    Beyond ten directorates colours come again.
    """
    return {
        code: _DIRECTORATES[place % len(_DIRECTORATES)] for place, code in enumerate(directorates)
    }
