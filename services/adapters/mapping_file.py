"""Reads a mapping as people write it, and says by line what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from services.adapters.errors import InvalidMapping
from services.adapters.mapping import Mapping, Misplaced

MAX_BYTES = 1024 * 1024
MAX_NODES = 100_000
_NULL = "tag:yaml.org,2002:null"


class _Problem(Exception):
    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line


def load_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises InvalidMapping, with a line for every mistake.

    All values are taken as text, as they stand there: `no`, `012` and `08:30` are what they seem.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidMapping(f"{path} has more than {MAX_BYTES} bytes: it is no mapping")
        return parse_mapping(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise InvalidMapping(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidMapping(f"{path} is not UTF-8. Remedy: save it as UTF-8") from None


def parse_mapping(text: str, name: str = "mapping") -> Mapping:
    """The mapping in a text; `name` is said in errors. Raises InvalidMapping."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = _plain(root, iter(range(MAX_NODES)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "wrong syntax"
        raise InvalidMapping(f"{name}{where}: no YAML: {problem}") from None
    except _Problem as problem:
        raise InvalidMapping(f"{name}:{problem.line}: {problem}") from None
    if not isinstance(document, dict):
        raise InvalidMapping(f"{name}: no mapping; see docs/adapters.md for one")
    try:
        return Mapping.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        lines = sorted(
            (_line_of(root, place), _sentence(place, problem))
            for problem in problems
            for place in [_place_of(problem)]
        )
        raise InvalidMapping(
            "\n".join(f"{name}:{line}: {sentence}" for line, sentence in lines)
        ) from None


def _plain(
    node: yaml.Node | None, budget: Iterator[int], within: tuple[yaml.Node, ...] = ()
) -> Any:
    if node is None:
        return None
    if node in within:
        raise _Problem(node.start_mark.line + 1, "an alias of what it is in")
    if next(budget, None) is None:
        # A few aliases of aliases would fill the memory.
        raise _Problem(node.start_mark.line + 1, f"more than {MAX_NODES} values with all aliases")
    within = (*within, node)
    match node:
        case yaml.MappingNode():
            found: dict[str, Any] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise _Problem(line, "a name must be text")
                if key.value in found:
                    raise _Problem(line, f"{key.value} is given twice; keep one of them")
                found[key.value] = _plain(value, budget, within)
            return found
        case yaml.SequenceNode():
            return [_plain(one, budget, within) for one in node.value]
    # Only what is written without quotes.
    # Quoted text has the tag of text, whatever it says.
    return None if node.tag == _NULL else node.value


def _place_of(problem: Any) -> Sequence[str]:
    """The names and numbers that lead to a mistake, without the tags of what was told apart."""
    error = problem.get("ctx", {}).get("error")
    if isinstance(error, Misplaced):
        return error.where
    return [str(part) for part in problem["loc"] if not str(part).startswith(("<", "["))]


def _line_of(root: yaml.Node | None, place: Sequence[str]) -> int:
    """The line of the innermost part of a place that is written in the file."""
    node = root
    line = 1
    for name in place:
        if isinstance(node, yaml.MappingNode):
            pair = next((one for one in node.value if one[0].value == name), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and name.isdigit() and int(name) < len(node.value):
            node = node.value[int(name)]
            line = node.start_mark.line + 1
    return line


def _sentence(place: Sequence[str], problem: Any) -> str:
    where = ".".join(place)
    match problem["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is no field here; see docs/adapters.md"
        case "string_pattern_mismatch":
            return f"{where} is no code: lower case letters, digits and hyphens, at most 40"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
