"""The files in deploy/local that the servers are configured from."""

from __future__ import annotations

from pathlib import Path
from string import Template

from services.stack.errors import StackError

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "local"


def template_path(name: str) -> Path:
    """The path of a file in deploy/local; StackError when the project is not there whole."""
    path = FOLDER / name
    if not path.is_file():
        raise StackError(f"{path} is missing; run `passage stack` from a clone of the project")
    return path


def render(name: str, **values: str | int) -> str:
    """The template with every $name replaced; a name without a value is an error."""
    return Template(template_path(name).read_text(encoding="utf-8")).substitute(values)
