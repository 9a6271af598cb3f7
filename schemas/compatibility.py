"""What a change of a JSON Schema means for whoever writes and reads that version.

Three facts decide. Readers pass over a field that they do not know. An event once written is read
for ever: from an outbox, a topic, a replay. And there are always both old and new devices. So a
change is benign when everything that was valid stays valid and means the same; anything else is
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
_STRUCTURE = ("$defs", "$ref", "default", "anyOf", "oneOf", "type", "enum", "const", "items")
_OF_OBJECTS = ("properties", "required", "additionalProperties")
_UNDERSTOOD = frozenset(
    [*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_CONSTRAINTS, *_ANNOTATIONS, *_STRUCTURE, *_OF_OBJECTS]
)
_ABSENT = object()


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
    if old is None:
        return [] if new is None else [_widened("", "is new")]
    if new is None:
        return [_narrowed("", "is gone, but events of it are kept")]
    return sorted(set(_Comparison(old, new).between(old, new, "")))


def _widened(path: str, what: str) -> Change:
    return Change(path, what, "benign", "consumers")


def _narrowed(path: str, what: str) -> Change:
    return Change(path, what, "breaking", "consumers")


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Walks two schemas side by side, each with its own definitions."""

    old_root: Schema
    new_root: Schema

    def between(
        self, old: Any, new: Any, path: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Iterator[Change]:
        """Changes from one node to the other, in no order."""
        old, new = _node(old), _node(new)
        references = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old or "$ref" in new:
            if references in seen:  # a model that holds itself
                return
            seen = seen | {references}
        old, new = _resolved(old, self.old_root), _resolved(new, self.new_root)
        if any(old.get(keyword) != new.get(keyword) for keyword in _ANNOTATIONS):
            yield Change(path, "is described otherwise", "benign", "either")

        before = [_resolved(a, self.old_root) for a in _alternatives(old)]
        after = [_resolved(a, self.new_root) for a in _alternatives(new)]
        gone = [a for a in before if _bare(a) not in map(_bare, after)]
        come = [a for a in after if _bare(a) not in map(_bare, before)]
        if len([a for a in gone if not _is_null(a)]) == len([a for a in come if not _is_null(a)]):
            # In the order of declaration: the usual case is one alternative, and perhaps null.
            pairs = zip(
                [a for a in gone if not _is_null(a)],
                [a for a in come if not _is_null(a)],
                strict=True,
            )
            for one, other in pairs:
                yield from self._within(one, other, path, seen)
            gone, come = list(filter(_is_null, gone)), list(filter(_is_null, come))
        yield from (_narrowed(path, f"no longer takes {_word(a)}") for a in gone)
        yield from (_widened(path, f"also takes {_word(a)}") for a in come)
        # Same alternatives, yet what they refer to may have changed.
        for one in before:
            for other in after:
                if _bare(one) == _bare(other):
                    yield from self._objects(one, other, path, seen)

    def _within(
        self, old: Schema, new: Schema, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Change]:
        if old.get("type") != new.get("type"):
            yield from _type(old.get("type"), new.get("type"), path)
            return
        yield from _values(old, new, path)
        for keyword in _LOWER_BOUNDS:
            yield from _bound(keyword, old.get(keyword), new.get(keyword), path, lower=True)
        for keyword in _UPPER_BOUNDS:
            yield from _bound(keyword, old.get(keyword), new.get(keyword), path, lower=False)
        for keyword in _CONSTRAINTS:
            before, after = old.get(keyword), new.get(keyword)
            if before != after:
                kind = _widened if after is None else _narrowed
                yield kind(path, f"{keyword}: {_shown(before)} → {_shown(after)}")
        for keyword in sorted((old.keys() | new.keys()) - _UNDERSTOOD):
            if old.get(keyword) != new.get(keyword):
                yield _narrowed(path, f"{keyword} changed, which this comparison cannot judge")
        if old.get("items") != new.get("items"):
            yield from self.between(old.get("items"), new.get("items"), f"{path}[]", seen)
        yield from self._objects(old, new, path, seen)

    def _objects(
        self, old: Schema, new: Schema, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Change]:
        had, has = old.get("properties", {}), new.get("properties", {})
        was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
        for name in had.keys() - has.keys():
            # Until then: old readers miss a required field; new ones pass over an optional one.
            first: First = "consumers" if name in was_required else "producers"
            yield Change(_join(path, name), "is gone", "benign", first)
        for name in has.keys() - had.keys():
            inner = _join(path, name)
            if speaks_of_identity(name):
                yield _narrowed(inner, "speaks of an identity: every reader refuses it")
            elif name in is_required:
                yield _narrowed(inner, "is new and required, but no event so far has it")
            else:
                yield _widened(inner, "is new and optional")
        for name in had.keys() & has.keys():
            inner = _join(path, name)
            yield from self.between(had[name], has[name], inner, seen)
            if name in is_required - was_required:
                yield _narrowed(inner, "is now required")
            elif name in was_required - is_required:
                yield _widened(inner, "is now optional")
            if name not in is_required | was_required:
                before, after = _default(had[name]), _default(has[name])
                if before != after:
                    yield _narrowed(
                        inner, f"when absent it now means {_shown(after)}, not {_shown(before)}"
                    )
        allowed, allows = old.get("additionalProperties"), new.get("additionalProperties")
        if allowed != allows:
            yield from self._additional(allowed, allows, path, seen)

    def _additional(
        self, old: Any, new: Any, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Change]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.between(old, new, _join(path, "*"), seen)
        elif old is False:
            yield _widened(path, "takes further fields")
        elif new is False:
            yield _narrowed(path, "no longer takes further fields")
        elif isinstance(old, dict) or isinstance(new, dict):
            yield from self.between(old, new, _join(path, "*"), seen)


def _type(old: Any, new: Any, path: str) -> Iterator[Change]:
    wider = new is None or (old, new) == ("integer", "number")
    yield (_widened if wider else _narrowed)(path, f"type: {_shown(old)} → {_shown(new)}")


def _values(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    before, after = _allowed_values(old), _allowed_values(new)
    if before == after:
        return
    if after is None:
        yield _widened(path, "takes any value")
    elif before is None:
        yield _narrowed(path, f"takes only {', '.join(map(_shown, after))}")
    else:
        yield from (
            _narrowed(path, f"no longer takes {_shown(v)}") for v in before if v not in after
        )
        yield from (_widened(path, f"also takes {_shown(v)}") for v in after if v not in before)


def _bound(keyword: str, old: Any, new: Any, path: str, *, lower: bool) -> Iterator[Change]:
    if old == new:
        return
    wider = new is None or (old is not None and (new < old if lower else new > old))
    yield (_widened if wider else _narrowed)(path, f"{keyword}: {_shown(old)} → {_shown(new)}")
