"""`python -m schemas`: render the contracts, and check what a change to them means."""

from __future__ import annotations

from pathlib import Path

import click

from schemas import rendering
from schemas.compatibility import Change
from schemas.topics import all_topics

RENDER = "python -m schemas render"
FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=rendering.COMMITTED,
    help="Where the rendered schemas are; those of this repository by default.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The contracts of Passage: render them, check a change, list the topics."""


@main.command()
@FOLDER
@click.option(
    "--accept-breaking",
    is_flag=True,
    help="Render a breaking change too: only while no event of that version was ever written.",
)
def render(folder: Path, accept_breaking: bool) -> None:
    """Write one JSON Schema per contract and version.

    Writes nothing and exits with 1 if any change is breaking.
    """
    found = rendering.differences(folder)
    _print(found)
    if _breaking(found) and not accept_breaking:
        raise SystemExit(1)
    rendering.write(folder)
    click.echo(f"{len(rendering.contracts())} schemas rendered, {len(found)} changed")


@main.command()
@FOLDER
def check(folder: Path) -> None:
    """Compare the models with the committed schemas.

    Prints each change, whether it is benign or breaking, and who upgrades first. Exits with 1
    unless both are equal.
    """
    found = rendering.differences(folder)
    if not found:
        click.echo(f"{len(rendering.contracts())} schemas are as committed")
        return
    _print(found)
    raise SystemExit(1)


@main.command()
def topics() -> None:
    """List the declared topics."""
    rows = [("topic", "partitions", "kept", "at most", "key")]
    for topic in all_topics():
        kept = "newest per key" if topic.retention is None else f"{topic.retention.days} days"
        size = f"{topic.max_message_bytes // 1024} KiB"
        rows.append((topic.name, str(topic.partitions), kept, size, topic.key))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _breaking(found: dict[str, list[Change]]) -> bool:
    return any(change.verdict == "breaking" for changes in found.values() for change in changes)


def _print(found: dict[str, list[Change]]) -> None:
    for name, changes in found.items():
        click.echo(name)
        for change in changes:
            subject = f"{change.path} {change.what}" if change.path else change.what
            first = "" if change.who_first == "either" else f", {change.who_first} first"
            click.echo(f"  {change.verdict}: {subject}{first}")
        click.echo(f"  → {_remedy(name, changes)}")


def _remedy(name: str, changes: list[Change]) -> str:
    if any(change.verdict == "breaking" for change in changes):
        type_, _, version = name.rpartition(".v")
        return (
            f"leave {name} as it is and declare {type_}.v{int(version) + 1} beside it; "
            "consumers first (schemas/README.md)"
        )
    return f"run {RENDER}, and commit the result with the change"


if __name__ == "__main__":
    main(prog_name="python -m schemas")
