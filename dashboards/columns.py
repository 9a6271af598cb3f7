"""What a column of a table, or one number of several, looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.panels import P, Steps, overridden, unknown
from dashboards.style import Style


def column(style: Style, panel: P, name: str, column: str, **properties: object) -> P:
    """Show one column under its name in the catalogue, with other properties of its own."""
    shown = style.say(f"{name}.columns.{column}")
    return overridden(panel, column, displayName=shown, **properties)


def worded(style: Style, panel: P, name: str, column: str, *values: str) -> P:
    """Show a column's values, which are codes, as `<name>.values.<value>`."""
    texts = {
        value: {"text": style.say(f"{name}.values.{value}"), "index": index}
        for index, value in enumerate(values)
    }
    shown = style.say(f"{name}.columns.{column}")
    mappings = [{"type": "value", "options": texts}]
    return overridden(panel, column, displayName=shown, mappings=mappings)


def in_unit(panel: P, unit: str, *columns: str, decimals: int = 0) -> P:
    """Show columns in a unit of Grafana's, with so many decimals."""
    for column in columns:
        panel = overridden(panel, column, unit=unit, decimals=decimals)
    return panel


def by_steps(panel: P, column: str, steps: Steps) -> P:
    """Colour a column's values by where they lie; grey where nothing is known."""
    return overridden(
        panel,
        column,
        mappings=[unknown()],
        color={"mode": "thresholds"},
        thresholds={
            "mode": "absolute",
            "steps": [{"value": value, "color": colour} for value, colour in steps],
        },
    )


def by_state(style: Style, panel: P, name: str, column: str, states: Mapping[str, str | None]) -> P:
    """Show codes in a column as `<name>.<column>.<code>`, each in its colour if it has one."""
    options = {
        code: {"text": style.say(f"{name}.{column}.{code}"), "index": index}
        | ({"color": colour} if colour else {})
        for index, (code, colour) in enumerate(states.items())
    }
    return overridden(panel, column, mappings=[{"type": "value", "options": options}])


def filled(panel: P, *columns: str) -> P:
    """Fill cells of a table with the colour of their value."""
    for column in columns:
        panel = overridden(
            panel,
            column,
            # Older versions know the first, newer ones the second.
            custom__displayMode="color-background-solid",
            custom__cellOptions={"type": "color-background", "mode": "basic"},
        )
    return panel


def wide(panel: P, columns: Sequence[tuple[str, int]]) -> P:
    """Give columns of a table their width in pixels."""
    for column, pixels in columns:
        panel = overridden(panel, column, custom__width=pixels)
    return panel
