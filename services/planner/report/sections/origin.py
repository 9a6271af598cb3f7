"""2. How they came: by kiosk, reception or appointment, and who was sent on."""

from __future__ import annotations

from services.planner.report.content import (
    MISSING,
    NOT_APPLICABLE,
    Cell,
    Column,
    Line,
    Scope,
    Section,
    Table,
)
from services.planner.report.figures import CHANNELS, Figures, of, pair_key
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
            _pairs(figures),
        ),
    )


def _pairs(figures: Figures) -> Table:
    """From the directorate of the line to that of the column."""
    facts = figures.facts

    def known(key: Key, cell: Cell) -> Cell:
        # Who was sent on before pairs were kept is in the sums, and in no pair.
        whole = Key("came_in", directorate=key.directorate if key.piece else None)
        is_known = figures.count(whole._replace(measure="paired")) == figures.count(whole)
        return cell if is_known or cell is NOT_APPLICABLE else MISSING

    def sent(origin: str, key: Key) -> Cell:
        if origin in facts.without_public and not figures.count(key):
            return NOT_APPLICABLE
        return known(key, figures.shown(key))

    lines = [
        Line(
            f"directorate:{origin}",
            (
                *(sent(origin, pair_key(origin, other)) for other in facts.directorates),
                sent(origin, Key("sent_from", directorate=origin)),
            ),
            "group",
            Scope(directorate=origin),
        )
        for origin in facts.directorates
    ]
    came_in = (
        *(figures.shown(Key("came_in", directorate=other)) for other in facts.directorates),
        figures.shown(Key("came_in")),
    )
    lines.append(Line("total", came_in, "total"))
    columns = (*(Column(f"to:{other}") for other in facts.directorates), Column("sent_from"))
    return Table("pairs", columns, tuple(lines), ("pairs",))
