"""The charts as SVG, drawn here: values written beside the marks, so that they read without colour.

Bars are outlined and labelled; nothing is told by colour alone. Absent values are their mark in
words, never a bar of no height.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from markupsafe import Markup, escape

from services.planner.report.content import Absent, Bars, Cell
from services.planner.report.words import Words

FONTS = "Liberation Sans, DejaVu Sans, sans-serif"
"""Free ones that Debian has; none is fetched or shipped."""
WIDTH = 680
INK = "#1a1a2e"
SOFT = "#5b6270"
FILL = "#000091"


def chart(
    bars: Bars, words: Words, colours: Mapping[str, str], threshold_min: float | None
) -> Markup:
    """The SVG of a chart; the table beside it has the same figures."""
    match bars.kind:
        case "ranked":
            body, height = _ranked(bars, words, colours)
        case "multiples":
            body, height = _multiples(bars, words, colours)
        case "range":
            body, height = _range(bars, words, threshold_min)
    title = words.say("report", "chart_same", table=words.say("table", bars.key))
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" font-family="{FONTS}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _ranked(bars: Bars, words: Words, colours: Mapping[str, str]) -> tuple[str, int]:
    values = [(key, cells[0][1]) for key, cells in bars.groups]
    most = _most(value for _, value in values)
    parts, y = [], 4
    for key, value in sorted(values, key=lambda one: -_size(one[1])):
        code = key.partition(":")[2]
        parts.append(_text(66, y + 16, code.upper(), anchor="end", weight="bold"))
        width = _size(value) / most * (WIDTH - 170)
        if width > 0:
            colour = colours.get(code, FILL)
            parts.append(
                f'<rect x="76" y="{y}" width="{width:.1f}" height="22" fill="{colour}"'
                f' stroke="{INK}" stroke-width="0.7"/>'
            )
        parts.append(_text(84 + width, y + 16, words.cell(value, "count")))
        y += 30
    return "".join(parts), y


def _multiples(bars: Bars, words: Words, colours: Mapping[str, str]) -> tuple[str, int]:
    most = _most(value for _, cells in bars.groups for _, value in cells)
    many = max((len(cells) for _, cells in bars.groups), default=1)
    across = 3 if many <= 6 else 2 if many <= 12 else 1
    panel, high = (WIDTH - 16 * (across - 1)) / across, 68
    parts = []
    for place, (key, cells) in enumerate(bars.groups):
        code = key.partition(":")[2]
        left = place % across * (panel + 16)
        top = place // across * (high + 46)
        floor = top + 24 + high
        parts.append(_text(left, top + 12, code.upper(), weight="bold"))
        parts.append(_line(left, floor, left + panel, floor, INK))
        step = panel / len(cells)
        for number, (piece, value) in enumerate(cells):
            x = left + number * step + step * 0.12
            height = _size(value) / most * (high - 12)
            middle = x + step * 0.38
            if height > 0:
                parts.append(
                    f'<rect x="{x:.1f}" y="{floor - height:.1f}" width="{step * 0.76:.1f}"'
                    f' height="{height:.1f}" fill="{colours.get(code, FILL)}" stroke="{INK}"'
                    ' stroke-width="0.6"/>'
                )
            if many <= 12:
                parts.append(
                    _text(middle, floor - height - 3, words.cell(value, "count"), 8, "middle")
                )
            if many <= 12 or number % 5 == 0:
                parts.append(_text(middle, floor + 11, _short(piece, words), 8, "middle", SOFT))
    rows = -(-len(bars.groups) // across)
    return "".join(parts), rows * (high + 46)


def _range(bars: Bars, words: Words, threshold_min: float | None) -> tuple[str, int]:
    longest = max(
        _most(value for _, cells in bars.groups for _, value in cells), threshold_min or 0
    )
    left, right = 76, WIDTH - 180
    scale = (right - left) / longest
    bottom = 6 + 24 * len(bars.groups)
    parts = []
    if threshold_min:
        x = left + threshold_min * scale
        parts.append(_line(x, 2, x, bottom, INK, dash="4 3"))
        parts.append(_text(x, bottom + 12, f"{threshold_min:g} min", 9, "middle"))
    for place, (key, cells) in enumerate(bars.groups):
        y = 15 + 24 * place
        label = words.say("report", "total") if key == "total" else key.partition(":")[2].upper()
        parts.append(_text(66, y + 4, label, anchor="end", weight="bold"))
        (_, median), (_, most) = cells
        if isinstance(median, Absent) or isinstance(most, Absent):
            parts.append(_text(left + 4, y + 4, words.cell(median, "minutes")))
            continue
        x1, x2 = left + _size(median) * scale, left + _size(most) * scale
        parts.append(
            f'<line x1="{x1:.1f}" y1="{y}" x2="{x2:.1f}" y2="{y}" stroke="{FILL}"'
            ' stroke-width="5" stroke-opacity="0.35"/>'
            f'<circle cx="{x1:.1f}" cy="{y}" r="5.5" fill="{FILL}"/>'
            f'<circle cx="{x2:.1f}" cy="{y}" r="5" fill="#fff" stroke="{FILL}" stroke-width="2"/>'
        )
        said = f"● {words.cell(median, 'minutes')}\u2003○ {words.cell(most, 'minutes')} min"
        parts.append(_text(right + 14, y + 4, said))
    return "".join(parts), bottom + 18


def _short(piece: str, words: Words) -> str:
    code = piece.partition(":")[2]
    if len(code) == len("2025-10"):
        return words.say("short_month", str(int(code[5:])))
    return f"{date.fromisoformat(code):%d}"


def _size(value: Cell) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _most(values: Iterable[Cell]) -> float:
    return max(map(_size, values), default=0.0) or 1.0


def _text(
    x: float,
    y: float,
    text: str,
    size: int = 11,
    anchor: str = "start",
    colour: str = INK,
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "none") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"'
        f' stroke-width="0.8" stroke-dasharray="{dash}"/>'
    )
