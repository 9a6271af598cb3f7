"""What a change of a JSON Schema means for whoever writes and reads that version.

Three facts decide. Readers pass over a field that they do not know. An event once written is read
for ever: from an outbox, a topic, a replay. And old and new devices are always in use together. So
a change is benign when everything that was valid stays valid and means the same; anything else is
breaking, and needs a further version beside the present one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from schemas.codec import speaks_of_identity

Schema = dict[str, Any]
Verdict = Literal["benign", "breaking"]
First = Literal["consumers", "producers", "either"]

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# Constraints of which one cannot be said to be within another.
_CONSTRAINTS = ("pattern", "format", "multipleOf", "uniqueItems")
_ANNOTATIONS = ("title", "description", "examples", "deprecated", "$comment", "$id", "$schema")
_STRUCTURE = ("$defs", "default", "anyOf", "oneOf", "type", "enum", "const", "items")
_OF_OBJECTS = ("properties", "required", "additionalProperties")
_UNDERSTOOD = frozenset(
    [*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_CONSTRAINTS, *_ANNOTATIONS, *_STRUCTURE, *_OF_OBJECTS]
)
_NOTHING: Schema = {"not": {}}


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference between two schemas."""

    path: str
    """The field, from the event down: `party_size.persons`; empty for the event itself."""
    what: str
    verdict: Verdict
    who_first: First
    """Who upgrades first; for a breaking change, who first learns the further version."""


def changes(old: Schema | None, new: Schema | None) -> list[Change]:
    """All differences, sorted by path; None stands for a schema that does not exist."""
    if new is None:
        return [] if old is None else [_narrowed("", "is gone, but events of it are kept")]
    if old is None:
        return [_widened("", "is new")]
    return sorted(set(_between(_inlined(old, old), _inlined(new, new), "")))


def _widened(path: str, what: str) -> Change:
    # Old readers refuse what only the new schema takes.
    return Change(path, what, "benign", "consumers")


def _narrowed(path: str, what: str) -> Change:
    return Change(path, what, "breaking", "consumers")


def _inlined(node: Any, root: Schema, within: tuple[str, ...] = ()) -> Any:
    """The node with each `$ref` replaced by what it names; one that holds itself stays a `$ref`."""
    if isinstance(node, list):
        return [_inlined(inner, root, within) for inner in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in within:
        target = root["$defs"][reference.removeprefix("#/$defs/")]
        beside = {key: inner for key, inner in node.items() if key != "$ref"}
        return _inlined(target | beside, root, (*within, reference))
    return {key: _inlined(inner, root, within) for key, inner in node.items() if key != "$defs"}


def _between(old: Any, new: Any, path: str) -> Iterator[Change]:
    """Changes from one node to the other, in no order."""
    old, new = _as_object(old), _as_object(new)
    if any(old.get(keyword) != new.get(keyword) for keyword in _ANNOTATIONS):
        yield Change(path, "is described otherwise", "benign", "either")
    if _NOTHING in (old, new):
        if old != new:
            yield (
                _widened(path, "is now taken") if old == _NOTHING else _narrowed(path, "is refused")
            )
        return
    before, was_null = _alternatives(old)
    after, is_null = _alternatives(new)
    if was_null and not is_null:
        yield _narrowed(path, "no longer takes null")
    if is_null and not was_null:
        yield _widened(path, "also takes null")
    if len(before) == len(after) == 1:
        yield from _within(before[0], after[0], path)
    else:
        had, has = {_bare(node) for node in before}, {_bare(node) for node in after}
        yield from (_narrowed(path, f"no longer takes {node}") for node in had - has)
        yield from (_widened(path, f"also takes {node}") for node in has - had)


def _within(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    if old.get("type") != new.get("type"):
        wider = "type" not in new or (old.get("type"), new["type"]) == ("integer", "number")
        yield _judged(wider, path, "type", old, new)
        return
    yield from _values(old, new, path)
    for keyword in (*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_CONSTRAINTS):
        before, after = old.get(keyword), new.get(keyword)
        if before != after:
            wider = after is None or (
                before is not None
                and (
                    (keyword in _LOWER_BOUNDS and after < before)
                    or (keyword in _UPPER_BOUNDS and after > before)
                )
            )
            yield _judged(wider, path, keyword, old, new)
    for keyword in (old.keys() | new.keys()) - _UNDERSTOOD:
        if old.get(keyword) != new.get(keyword):
            yield _narrowed(path, f"{keyword} differs, which is not judged here")
    yield from _fields(old, new, path)
    if old.get("additionalProperties", True) != new.get("additionalProperties", True):
        yield from _between(
            old.get("additionalProperties"), new.get("additionalProperties"), _join(path, "*")
        )
    if old.get("items", True) != new.get("items", True):
        yield from _between(old.get("items"), new.get("items"), f"{path}[]")


def _values(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    before, after = _allowed_values(old), _allowed_values(new)
    if after is None:
        if before is not None:
            yield _widened(path, "takes any value")
    elif before is None:
        yield _narrowed(path, f"takes only {', '.join(after)}")
    else:
        yield from (_narrowed(path, f"no longer takes {v}") for v in before if v not in after)
        yield from (_widened(path, f"also takes {v}") for v in after if v not in before)


def _fields(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    had, has = old.get("properties", {}), new.get("properties", {})
    was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in had.keys() - has.keys():
        # Old readers miss a field that they require; of another, new readers lose the value.
        first: First = "consumers" if name in was_required else "producers"
        yield Change(_join(path, name), "is gone", "benign", first)
    for name in has.keys() - had.keys():
        if speaks_of_identity(name):
            yield _narrowed(_join(path, name), "speaks of an identity: every reader refuses it")
        elif name in is_required:
            yield _narrowed(_join(path, name), "is new and required: no event so far has it")
        elif _as_object(has[name]).get("default") is not None:
            # An event's digest is of what a reader understood: a repeat would look changed.
            yield _narrowed(_join(path, name), "is new, with a default other than null")
        else:
            # Old readers pass over it, so its values are lost until they too are upgraded.
            yield _widened(_join(path, name), "is new and optional")
    for name in had.keys() & has.keys():
        inner = _join(path, name)
        yield from _between(had[name], has[name], inner)
        if name in is_required - was_required:
            yield _narrowed(inner, "is now required")
        elif name in was_required - is_required:
            yield _widened(inner, "is now optional")
        elif name not in is_required and _default(had[name]) != _default(has[name]):
            yield _narrowed(
                inner, f"left out, it meant {_default(had[name])}, now {_default(has[name])}"
            )


def _judged(wider: bool, path: str, keyword: str, old: Schema, new: Schema) -> Change:
    change = f"{keyword}: {_shown(old.get(keyword, 'any'))} → {_shown(new.get(keyword, 'any'))}"
    return _widened(path, change) if wider else _narrowed(path, change)


def _as_object(node: Any) -> Schema:
    """`true`, absent and `false` in the long form."""
    if node is False:
        return _NOTHING
    return node if isinstance(node, dict) else {}


def _alternatives(node: Schema) -> tuple[list[Schema], bool]:
    """What the node takes besides null, and whether it takes null."""
    listed = node.get("anyOf") or node.get("oneOf")
    if listed is None and isinstance(node.get("type"), list):
        listed = [node | {"type": one} for one in node["type"]]
    listed = [node] if listed is None else [_as_object(inner) for inner in listed]
    others = [inner for inner in listed if inner.get("type") != "null"]
    return others, len(others) < len(listed)


def _allowed_values(node: Schema) -> list[str] | None:
    values = [node["const"]] if "const" in node else node.get("enum")
    return None if values is None else [_shown(value) for value in values]


def _default(node: Any) -> str:
    return _shown(_as_object(node).get("default"))


def _bare(node: Any) -> str:
    """The node as text, without what only describes it."""
    return _shown(
        {key: inner for key, inner in node.items() if key not in _ANNOTATIONS}
        if isinstance(node, dict)
        else node
    )


def _shown(value: Any) -> str:
    return value if value == "any" else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
