"""2. How they came: by kiosk, reception or appointment, and who was sent on."""

from __future__ import annotations

from services.planner.report.content import Cell, Column, Scope, Section, Table
from services.planner.report.figures import CHANNELS, Figures, of
from services.planner.report.hiding import Key
from services.planner.report.sections.lines import directorate_lines

TRANSFERS = ("transferred", "redirected", "came_in")


def section(figures: Figures) -> Section:
    """Passages by channel, and what was sent on from and to each directorate."""

    def channels(scope: Scope) -> tuple[Cell, ...]:
        return (
            *(
                figures.shown(Key("passages", directorate=scope.directorate, channel=channel))
                for channel in CHANNELS
            ),
            figures.shown(of("passages", scope)),
            figures.shown(of("direct", scope)),
        )

    def transfers(scope: Scope) -> tuple[Cell, ...]:
        return tuple(figures.shown(of(measure, scope)) for measure in TRANSFERS)

    facts = figures.facts
    return Section(
        "origin",
        (
            Table(
                "channels",
                (
                    *(Column(f"channel:{one}") for one in CHANNELS),
                    Column("passages"),
                    Column("direct"),
                ),
                directorate_lines(facts, channels),
                ("channels",),
            ),
            Table(
                "transfers",
                tuple(Column(measure) for measure in TRANSFERS),
                directorate_lines(facts, transfers),
                ("transfers",),
            ),
        ),
    )
