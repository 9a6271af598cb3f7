"""Trap 32: every example of every version that was ever published still makes a fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.codec import InvalidEvent, decode
from schemas.events import DeviceStarted, Event, Heartbeat
from schemas.rendering import contracts
from services.core.facts import fact_of
from services.core.visits import fold, union

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
EVENTS = {name for name, model in contracts().items() if issubclass(model, Event)}
PASSING = sorted(path for path in EXAMPLES.glob("*/*.pass.json") if path.parent.name in EVENTS)


@pytest.mark.parametrize("path", PASSING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_old_event_is_still_folded(path: Path) -> None:
    event = decode(path.read_bytes())
    assert not isinstance(event, InvalidEvent)
    if isinstance(event, Heartbeat | DeviceStarted):
        return
    fact = fact_of(event, 0, "uncertain", check_in_ends_wait=True)
    assert fold(union([fact], [fact])) == fold([fact])
    assert ("test" in fact.details) == (event.mode == "test")
