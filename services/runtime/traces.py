"""Traces of the way of an event, from the device to its row, when a setting says where they go.

A device puts the W3C `traceparent` of a sampled event into a header of its Kafka message; the
processor takes it up again. Without the setting nothing is imported, and calls do nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated, Protocol

from pydantic import Field

from schemas.events import DeviceEvent, VisitEvent
from services.runtime.settings import InvalidSetting, Settings

TRACEPARENT = "traceparent"

Headers = Sequence[tuple[str, bytes]]


class TraceSettings(Settings):
    """Base of the settings of whatever an event passes through."""

    traces: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s/@]+(/\S*)?$",
            description="URL of an OTLP/HTTP collector, e.g. http://collector:4318",
        ),
    ] = None
    traces_ratio: Annotated[
        float, Field(ge=0, le=1, description="share of events that are traced, 0 to 1")
    ] = 1.0


class Sending(Protocol):
    """An event on its way to the broker."""

    @property
    def headers(self) -> Headers:
        """What its message carries."""

    def end(self, problem: str | None = None) -> None:
        """The broker has it or, with a problem, has it not: then it is sent again, as another."""


class Traces(Protocol):
    """What services say of an event's way."""

    def sending(self, event: VisitEvent | DeviceEvent) -> Sending | None:
        """An event that is sent now; None when it is not traced."""

    def carried(self, headers: Iterable[Headers]) -> list[bytes]:
        """The `traceparent` of each message that has one."""

    def batch(self, carried: Sequence[bytes], messages: int) -> AbstractContextManager[None]:
        """So many messages are recorded; leaving the block in order means that they are."""

    def span(self, name: str, **attributes: int | str) -> AbstractContextManager[None]:
        """A part of what is being done."""

    def stop(self) -> None:
        """Send what was not sent yet, within seconds."""


class _Off:
    """No traces."""

    def sending(self, event: VisitEvent | DeviceEvent) -> None:
        """Nothing is traced."""

    def carried(self, headers: Iterable[Headers]) -> list[bytes]:
        """Nothing is taken up."""
        return []

    def batch(self, carried: Sequence[bytes], messages: int) -> AbstractContextManager[None]:
        """Nothing around the block."""
        return nullcontext()

    def span(self, name: str, **attributes: int | str) -> AbstractContextManager[None]:
        """Nothing around the block."""
        return nullcontext()

    def stop(self) -> None:
        """Nothing is left to send."""


OFF: Traces = _Off()


def start(settings: TraceSettings, service: str) -> Traces:
    """Traces as the settings say. Raises InvalidSetting when the extra `traces` is missing."""
    if settings.traces is None:
        return OFF
    try:
        from services.runtime.spans import Spans
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"PASSAGE_TRACES is set and needs {error.name}: pip install 'passage[traces]'"
        ) from None
    return Spans(settings.traces, settings.traces_ratio, service)


@contextmanager
def stopping(traces: Traces) -> Iterator[None]:
    """Stop them at the end of the block, however it ends."""
    try:
        yield
    finally:
        traces.stop()
