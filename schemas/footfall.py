"""Messages of the topic `footfall`: what changed in the database, as it is now.

A message replaces the one of the same key; there are no differences to add up. Whoever reads the
topic from its beginning has what is of today.

To add a field: add it here with a default, render (`python -m schemas render`), add an example.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, TypeAdapter

from schemas.types import MAX_INTEGER, Channel, Code, Count, Model, UtcDatetime

Measure = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Label = Annotated[str, Field(min_length=1, max_length=120)]
# JSON has no dates and times of day: they come as ISO 8601 text.
LocalDate = Annotated[date, Strict(False)]
TimeOfDay = Annotated[time, Strict(False)]


class FootfallMessage(Model):
    """What every message of the topic says."""

    version: Literal[1]
    as_of: UtcDatetime
    """When it was read, by the database's clock. Of two messages of a key the later one counts."""

    @property
    def key(self) -> str:
        """The message's key in Kafka."""
        raise NotImplementedError


class Bucket(FootfallMessage):
    """The counts of a quarter of an hour: a row of table `footfall`."""

    type: Literal["bucket"]
    bucket_start: UtcDatetime
    """The bucket is [bucket_start, bucket_start + 15 minutes)."""
    site: Code
    directorate: Code
    service: Code
    channel: Channel
    passages: Measure
    persons: Measure
    tickets: Measure
    check_ins: Measure
    direct: Measure
    queue_entries: Measure
    served: Measure
    no_show: Measure
    left: Measure
    cancelled: Measure
    auto_closed: Measure
    transferred: Measure
    redirected: Measure
    waits: Measure
    wait_ms: Measure
    last_call_waits: Measure
    last_call_wait_ms: Measure
    services: Measure
    service_ms: Measure
    test: Measure
    time_uncertain: Measure

    @property
    def key(self) -> str:
        """The message's key in Kafka."""
        at = self.bucket_start.strftime("%Y-%m-%dT%H:%MZ")
        return f"bucket/{self.site}/{self.directorate}/{self.service}/{self.channel}/{at}"


class Waiting(FootfallMessage):
    """Who of a business date waits for a service; all zero when nobody does any more."""

    type: Literal["waiting"]
    site: Code
    business_date: LocalDate
    """Visits of another date than the site's present one are not in the hall any more."""
    directorate: Code
    service: Code
    waiting: Count
    called: Count
    """Called, and not yet at a desk."""
    persons: Count
    """Those who wait or were called, with those who accompany them."""
    waiting_since: UtcDatetime | None = None
    """Since when the first of those who wait has waited; absent when nobody waits."""

    @property
    def key(self) -> str:
        """The message's key in Kafka."""
        return f"waiting/{self.site}/{self.business_date}/{self.directorate}/{self.service}"


class Device(FootfallMessage):
    """When a device was last heard."""

    type: Literal["device"]
    site: Code
    device: Code
    kind: str
    last_received_at: UtcDatetime | None = None
    """By the broker's clock; absent when it was never heard."""
    last_occurred_at: UtcDatetime | None = None
    """By the device's own clock."""
    outbox_depth: Count | None = None
    """How many messages it still holds back."""

    @property
    def key(self) -> str:
        """The message's key in Kafka."""
        return f"device/{self.site}/{self.device}"


class Named(Model):
    """A code and what people call it."""

    code: Code
    label: Label


class NamedService(Named):
    """A service of a directorate."""

    directorate: Code


class PlacedDevice(Model):
    """A device that belongs to the site from `valid_from` until the day before `valid_to`."""

    device: Code
    kind: str
    valid_from: LocalDate | None = None
    valid_to: LocalDate | None = None


class OpenPeriod(Model):
    """The site is open in [opens_at, closes_at)."""

    opens_at: UtcDatetime
    closes_at: UtcDatetime


class Site(FootfallMessage):
    """A site as the registry has it, with the days around today."""

    type: Literal["site"]
    site: Code
    label: Label
    time_zone: str
    business_day_starts: TimeOfDay
    """Local hour at which the next business date begins."""
    valid_from: LocalDate | None = None
    valid_to: LocalDate | None = None
    """In force until the day before."""
    directorates: list[Named]
    services: list[NamedService]
    devices: list[PlacedDevice]
    open: list[OpenPeriod]
    """From yesterday to a week ahead, closed days taken out."""

    @property
    def key(self) -> str:
        """The message's key in Kafka."""
        return f"site/{self.site}"


class Progress(FootfallMessage):
    """Whatever was committed before `as_of` has been published. Comes every few seconds."""

    type: Literal["progress"]

    @property
    def key(self) -> str:
        """The message's key in Kafka."""
        return "progress"


AnyMessage = Annotated[Bucket | Waiting | Device | Site | Progress, Field(discriminator="type")]
MESSAGES: tuple[type[FootfallMessage], ...] = (Bucket, Waiting, Device, Site, Progress)
_MESSAGE: TypeAdapter[Any] = TypeAdapter(AnyMessage)


def write(message: FootfallMessage) -> bytes:
    """JSON of a message as it goes over the wire, absent fields left out."""
    return message.model_dump_json(exclude_none=True).encode()


def read(value: bytes) -> Bucket | Waiting | Device | Site | Progress:
    """The message in a value; newer fields of the same version are passed over.

    Raises pydantic.ValidationError for what is none, or is of a later version.
    """
    message: Bucket | Waiting | Device | Site | Progress = _MESSAGE.validate_json(
        value, extra="ignore"
    )
    return message
