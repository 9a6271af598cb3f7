"""Commands that record events: `ticket`, `check-in` and, for every other type, `event`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from schemas.codec import encode
from schemas.events import DeviceEvent, VisitEvent
from services.core.visit_id import hash_appointment
from services.edge.command import failures_explained, read_settings, recording_device
from services.edge.command_day_key import today
from services.edge.day_key import DayKeys
from services.edge.device import EVENT_CLASSES, Device
from services.edge.errors import InvalidFields

F = TypeVar("F", bound=Callable[..., Any])


def _instant(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise click.BadParameter("expected a time with its offset, e.g. 2026-03-02T09:15:00+01:00")
    return instant


def _common(command: F) -> F:
    for option in (
        click.option("--dry-run", is_flag=True, help="Print the event; write nothing."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option(
            "--at", callback=_instant, help="When it happened, with its offset [default: now]."
        ),
        click.option("--persons", type=int, help="People of this visit, as declared."),
        click.option("--wrap", type=int, default=0, help="How often the numbers started over."),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--queue", required=True, help="Code of the queue.")
@click.option("--number", required=True, help="Number on the ticket, e.g. A042.")
@click.option("--directorate", required=True, help="Code of the directorate.")
@click.option("--service", required=True, help="Code of the service.")
@_common
def ticket(
    queue: str,
    number: str,
    directorate: str,
    service: str,
    wrap: int,
    persons: int | None,
    at: datetime | None,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Record that a ticket was issued; prints its event_id and visit_id once it is durable.

    \b
    Example:
      passage edge ticket --queue etr-sejour --number S042 --directorate dmi --service sejour
    """
    with failures_explained(), recording_device(dry_run=dry_run) as device:
        event = device.issue_ticket(
            queue, number, directorate, service, wrap=wrap, party_size=persons, occurred_at=at
        )
        _print(event, as_json=as_json, dry_run=dry_run)


@click.command("check-in")
@click.option("--directorate", required=True, help="Code of the directorate.")
@click.option("--service", required=True, help="Code of the service.")
@click.option("--queue", help="Code of the ticket's queue, when the visitor has a ticket.")
@click.option("--number", help="The ticket's number.")
@click.option("--appointment", help="Keyed hash of the appointment (32 hexadecimal digits).")
@click.option(
    "--appointment-reference",
    "reference",
    help="The appointment's reference, hashed here with the key of the day; `-` reads it.",
)
@click.option("--desk", help="Code of the desk.")
@_common
def check_in(
    directorate: str,
    service: str,
    queue: str | None,
    number: str | None,
    appointment: str | None,
    reference: str | None,
    desk: str | None,
    wrap: int,
    persons: int | None,
    at: datetime | None,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Record a visitor at the reception, with a ticket, an appointment or neither.

    \b
    Examples:
      passage edge check-in --directorate dmi --service sejour --queue etr-sejour --number S042
      passage edge check-in --directorate dcl --service titres --persons 2
    """
    with failures_explained(), recording_device(dry_run=dry_run) as device:
        if reference is not None:
            if appointment is not None:
                raise InvalidFields("give --appointment or --appointment-reference, not both")
            appointment = _hashed(reference)
        event = device.check_in(
            directorate,
            service,
            queue=queue,
            number=number,
            wrap=wrap,
            appointment=appointment,
            desk=desk,
            party_size=persons,
            occurred_at=at,
        )
        _print(event, as_json=as_json, dry_run=dry_run)


def _hashed(reference: str) -> str:
    if reference == "-":
        # Not on the command line, where every process list shows it.
        reference = click.get_text_stream("stdin").readline()
    if not reference.strip():
        raise InvalidFields("the appointment's reference is empty")
    settings = read_settings()
    return hash_appointment(reference, day_key=DayKeys(settings.day_keys).key(today(settings)))


@click.command()
@click.argument("type_", metavar="[TYPE]", required=False, type=click.Choice(list(EVENT_CLASSES)))
@click.option(
    "--json",
    "text",
    required=True,
    help="Fields as a JSON object; `-` reads one object per line from standard input.",
)
@click.option("--dry-run", is_flag=True, help="Print the events; write nothing.")
def event(type_: str | None, text: str, dry_run: bool) -> None:
    """Record an event of any type from its own fields; the device stamps the rest.

    Instead of `visit_id`, `ticket` may name the visit as QUEUE/NUMBER. Without TYPE each object
    says its `type`. With `--json -` each line has its result line: {"line": 1, "event_id": ...} or
    {"line": 1, "error": ...}; good lines are recorded whatever the others are, and the exit code
    is 1 when any was wrong.

    \b
    Examples:
      passage edge event called --json '{"ticket": "etr-sejour/S042", "desk": "etr-g03"}'
      passage edge event --json - < events.ndjson
    """
    with failures_explained(), recording_device(dry_run=dry_run) as device:
        if text != "-":
            _print(_record(device, type_, text), as_json=True, dry_run=dry_run)
            return
        wrong = 0
        for number, line in enumerate(sys.stdin, start=1):
            if not line.strip():
                continue
            try:
                result = _result(_record(device, type_, line), dry_run=dry_run)
            except InvalidFields as error:
                wrong += 1
                result = {"error": str(error)}
            click.echo(json.dumps({"line": number} | result, ensure_ascii=False))
    if wrong:
        raise click.ClickException(f"{wrong} lines were not recorded: mend and resend them")


def _record(device: Device, type_: str | None, text: str) -> VisitEvent | DeviceEvent:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise InvalidFields(f"not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise InvalidFields("expected a JSON object")
    own_type = fields.pop("type", type_)
    if own_type not in EVENT_CLASSES or (type_ is not None and own_type != type_):
        expected = type_ or ", ".join(EVENT_CLASSES)
        raise InvalidFields(f"type: expected {expected}")
    event_class = EVENT_CLASSES[own_type]
    if "ticket" in fields:
        queue, slash, number = str(fields.pop("ticket")).partition("/")
        if not slash or not queue or not number:
            raise InvalidFields("ticket: expected QUEUE/NUMBER, e.g. etr-sejour/S042")
        at = fields.get("occurred_at")
        known = device.ticket_fields(
            queue, number, fields.get("wrap", 0), _instant_of(at) if at is not None else None
        ) | {"queue": queue, "number": number}
        fields = {k: v for k, v in known.items() if k in event_class.model_fields} | fields
    return device.emit(event_class, **fields)


def _instant_of(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise InvalidFields("occurred_at: expected a time with its offset") from None


def _result(event: VisitEvent | DeviceEvent, *, dry_run: bool) -> dict[str, Any]:
    if dry_run:
        return {"event": json.loads(encode(event))}
    result: dict[str, Any] = {"event_id": str(event.event_id), "seq": event.seq}
    visit_id = getattr(event, "visit_id", None)
    return result | ({"visit_id": str(visit_id)} if visit_id else {})


def _print(event: VisitEvent | DeviceEvent, *, as_json: bool, dry_run: bool) -> None:
    result = _result(event, dry_run=dry_run)
    if dry_run:
        click.echo(json.dumps(result["event"]))
    elif as_json:
        click.echo(json.dumps(result))
    else:
        for name, value in result.items():
            click.echo(f"{name} {value}")
