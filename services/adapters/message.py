"""A payload as a rule of the mapping reads it. Pure; refuses and leaves out by exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.adapters.fields import JOINED, Conditions, Lookup, Moment, Number, Place
from services.adapters.mapping import Mapping
from services.adapters.moments import instant_of
from services.adapters.paths import Path, text_of, value_at
from services.adapters.refusals import RefusalReason

_LONGEST_TEXT = 200


class LeftOut(Exception):
    """The mapping says that this is not meant."""


class Refused(Exception):
    """This cannot be an event: why, and which field of the mapping met it."""

    def __init__(self, reason: RefusalReason, field: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


@dataclass(frozen=True, slots=True)
class Message:
    """A payload and the items of it that a rule is used for, the innermost last."""

    mapping: Mapping
    scopes: tuple[Any, ...]

    def value(self, path: Path) -> Any:
        """What is there; None when it is absent, null or blank."""
        return value_at(path, self.scopes)

    def text(self, path: Path) -> str:
        """A single value as text. Raises Refused."""
        value = self.value(path)
        if value is None:
            raise Refused(RefusalReason.MISSING, path.text)
        text = text_of(value)
        if text is None or len(text) > _LONGEST_TEXT or not text.isprintable():
            raise Refused(RefusalReason.INVALID, path.text)
        return text

    def joined(self, paths: Sequence[Path]) -> str:
        """The texts of several fields as one id. Raises Refused."""
        return JOINED.join(self.text(path) for path in paths)

    def items(self, each: Sequence[Path], skip: int) -> Iterator[Message]:
        """The messages for each item of lists within lists. Raises Refused."""
        if not each:
            yield self
            return
        found = self.value(each[0])
        if found is None:
            return
        if not isinstance(found, list):
            raise Refused(RefusalReason.NOT_A_LIST, each[0].text)
        for item in found[skip:] if len(each) == 1 else found:
            yield from Message(self.mapping, (*self.scopes, item)).items(each[1:], skip)

    def holds(self, conditions: Conditions) -> bool:
        """Whether every condition does."""
        for path, condition in conditions.items():
            value = self.value(path)
            text = text_of(value)
            if condition.present is not None and (value is not None) != condition.present:
                return False
            if condition.one_of and text not in condition.one_of:
                return False
            if text is not None and text in condition.not_:
                return False
        return True

    def instant(self, moment: Moment) -> datetime:
        """A time, in UTC. Raises Refused."""
        stated = " ".join(self.text(path) for path in moment.from_)
        time = self.mapping.time
        if moment.format is not None:
            time = time.model_copy(update={"format": moment.format})
        found = instant_of(stated, time)
        if isinstance(found, RefusalReason):
            raise Refused(found, moment.from_[-1].text)
        return found

    def number(self, number: Number) -> str:
        """A ticket's number as we write it. Raises Refused."""
        text = self.text(number.from_)
        return text.replace(number.remove, "") if number.remove else text

    def code(self, code: str | Lookup | None) -> str | None:
        """A code, or what the table has for it; None where nothing is said. Raises as `look_up`."""
        if not isinstance(code, Lookup):
            return code
        found = self._look_up(code)
        assert not isinstance(found, Place)  # the mapping's own check
        return found

    def place(self, parts: Sequence[Lookup | Place]) -> dict[str, str]:
        """The codes of a place, later parts before earlier ones. Raises Refused and LeftOut."""
        place: dict[str, str] = {}
        for part in parts:
            found = self._look_up(part) if isinstance(part, Lookup) else part
            if found is None and isinstance(part, Lookup):
                raise Refused(RefusalReason.MISSING, JOINED.join(p.text for p in part.from_))
            assert isinstance(found, Place)  # the mapping's own check
            place |= found.model_dump(exclude_none=True)
        return place

    def _look_up(self, lookup: Lookup) -> str | Place | None:
        """What the table has; None where the vendor says nothing. Raises Refused and LeftOut."""
        if any(self.value(path) is None for path in lookup.from_):
            return None
        table = self.mapping.tables[lookup.table]
        key = self.joined(lookup.from_)
        if key not in table:
            raise Refused(RefusalReason.NOT_IN_TABLE, f"tables.{lookup.table}")
        found = table[key]
        if found is None:
            raise LeftOut
        return found
