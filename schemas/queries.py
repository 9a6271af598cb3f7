"""SQL lives in `.sql` files: `-- name --`, a sentence, the statement with named parameters."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import LiteralString, cast

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def load_queries(package: str, file: str = "queries.sql") -> dict[str, LiteralString]:
    """The statements of a package's file, by name. Raises ValueError when a name occurs twice."""
    text = resources.files(package).joinpath(file).read_text()
    pieces = _NAME.split(text)
    names, statements = pieces[1::2], pieces[2::2]
    if len(set(names)) < len(names):
        raise ValueError(f"{package}/{file} names a statement twice")
    # The text is ours, shipped with the program: psycopg may take it as a literal.
    return {
        name: cast(LiteralString, statement)
        for name, statement in zip(names, statements, strict=True)
    }
