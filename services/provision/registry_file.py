"""Reads a registry as people write it, and says in words which entry is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.registry import Registry
from services.provision.errors import InvalidRegistry

_SINGULAR = {
    "sites": "site",
    "directorates": "directorate",
    "services": "service",
    "queues": "queue",
    "desks": "desk",
    "devices": "device",
}


class _Loader(yaml.SafeLoader):
    """YAML without two of its traps: 08:30 stays text, and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping. Raises ConstructorError for a key that occurs twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 counts 08:30 in base 60 and makes 510 of it.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:int"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789")
)


def read(file: Path) -> Registry:
    """The registry in a file. Raises InvalidRegistry, one line for each thing that is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRegistry(f"{file} cannot be read: {error}") from error
    return parse(text, file.name)


def parse(text: str, source: str) -> Registry:
    """The registry in a YAML text; `source` is how errors call it."""
    try:
        document = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidRegistry(f"{source}{where}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise InvalidRegistry(f"{source} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise InvalidRegistry(f"{source} is no registry; expected code, name, sites and so on")
    try:
        return Registry.model_validate(document)
    except ValidationError as error:
        problems = [
            f"  {_where(problem['loc'], document)}{_words(problem['msg'])}"
            for problem in error.errors()
        ]
        raise InvalidRegistry("\n".join([f"{source} is not valid:", *problems])) from None


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")


def _where(location: Sequence[int | str], document: Any) -> str:
    """`("sites", 2, "name")` as `site 'creteil-pan', name: `."""
    words: list[str] = []
    here = document
    for step in location:
        parent = words[-1] if words else ""
        if isinstance(step, int):
            entry = here[step] if isinstance(here, list) and step < len(here) else None
            code = entry.get("code") if isinstance(entry, dict) else None
            # People count from one.
            name = _SINGULAR.get(parent, parent)
            words[-1:] = [f"{name} {code!r}" if code is not None else f"{name} number {step + 1}"]
            here = entry
        else:
            words.append(step)
            here = here.get(step) if isinstance(here, dict) else None
    return f"{', '.join(words)}: " if words else ""
