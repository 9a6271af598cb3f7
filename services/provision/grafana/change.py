"""One thing to be written to Grafana, and how it is told and shown."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "data source",
    "folder",
    "permissions",
    "board",
    "alert rule",
    "rule group",
    "contact point",
    "notification policies",
]

Json = dict[str, Any]

_SECRET_KEYS = ("url", "addresses", "passagePassword")


@dataclass(frozen=True, slots=True)
class Change:
    """What is there and what is wanted; nothing before: create, nothing after: remove."""

    kind: Kind
    name: str
    before: Json | None
    after: Json | None
    why: str = ""
    """What the two documents do not show."""

    @property
    def fields(self) -> list[str]:
        """The names of the parts that differ."""
        before, after = self.before or {}, self.after or {}
        return sorted(
            key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
        )

    def sentence(self, *, would: bool = False) -> str:
        """The change in words, done or to be done."""
        verb = "create" if self.before is None else "remove" if self.after is None else "change"
        done = f"would {verb}" if would else f"{verb}d"
        text = f"{done} {self.kind} {self.name}"
        details = [*(self.fields if verb == "change" else []), *([self.why] if self.why else [])]
        return f"{text}: {', '.join(details)}" if details else text

    def diff(self) -> Iterator[str]:
        """The lines that change, as `diff -u` shows them; addresses and digests are hidden."""
        hide = self.kind in ("contact point", "data source")
        yield from difflib.unified_diff(
            _lines(self.before, hide),
            _lines(self.after, hide),
            "in Grafana",
            "in the code",
            "",
            "",
            2,
            "",
        )


def _lines(document: Json | None, hide: bool) -> list[str]:
    if document is None:
        return []
    shown = _hidden(document) if hide else document
    return json.dumps(shown, ensure_ascii=False, indent=2, sort_keys=True).splitlines()


def _hidden(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: "…" if key in _SECRET_KEYS and isinstance(value, str) else _hidden(value)
            for key, value in part.items()
        }
    return part
