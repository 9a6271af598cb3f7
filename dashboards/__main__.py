"""`python -m dashboards render | check`: boards as JSON; whether the committed files are theirs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

import click
import yaml

from dashboards.boards import all_boards
from dashboards.catalogue import LANGUAGES, Language
from schemas.registry import Registry

FOLDER = Path(__file__).parent / "json"
REGISTRY = Path("deploy/registry.yaml")

_language = click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="fr",
    show_default=True,
    help="Of the texts.",
)
_folder = click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Folder of the files (dashboards/json).",
)
_registry = click.option(
    "--registry",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=REGISTRY,
    show_default=True,
    help="Its directorates fix the colours.",
)


@click.group(name="dashboards")
def dashboards() -> None:
    """Boards for Grafana as JSON files, to look at or to import by hand.

    `passage dashboards publish` puts them into a running Grafana.
    """


@dashboards.command()
@_language
@_folder
@_registry
def render(language: str, folder: Path, registry: Path) -> None:
    """Write one file per board, and remove those of boards that are no more."""
    wanted = rendered(cast(Language, language), registry)
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("passage-*.json"):
        if file.name not in wanted:
            file.unlink()
            click.echo(f"removed {file.name}")
    for name, text in wanted.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            click.echo(f"wrote {name}")
    click.echo(f"{len(wanted)} boards are as in the code")


@dashboards.command()
@_registry
def check(registry: Path) -> None:
    """Exit with 1 when a committed file differs from what the code draws."""
    wanted = rendered("fr", registry)
    committed = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}
    different = sorted(
        name for name in wanted.keys() | committed.keys() if wanted.get(name) != committed.get(name)
    )
    for name in different:
        click.echo(f"{name} differs from the code; run `python -m dashboards render`", err=True)
    if different:
        sys.exit(1)
    click.echo(f"{len(wanted)} boards are as committed")


def rendered(language: Language, registry: Path) -> dict[str, str]:
    """Each file's text by its name."""
    document = yaml.safe_load(registry.read_text(encoding="utf-8"))
    directorates = [one.code for one in Registry.model_validate(document).directorates]
    boards = all_boards(language, directorates)
    return {f"{board['uid']}.json": _text(board) for board in boards}


def _text(board: dict[str, Any]) -> str:
    return json.dumps(board, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    dashboards(prog_name="python -m dashboards")
