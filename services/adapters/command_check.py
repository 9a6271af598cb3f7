"""`passage adapters check`: what becomes of samples, before anything is connected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from schemas.codec import encode
from schemas.events import Event
from services.adapters.errors import AdapterError
from services.adapters.mapping import Mapping
from services.adapters.mapping_file import load_mapping
from services.adapters.refusals import Refusal
from services.adapters.rows import rows_of, translate_row
from services.adapters.translation import AnyEvent, read_payload, translate
from services.core.decisions import RegistryIndex, Rejected, decide

# Told otherwise, the same for all events of a system, or of no use to a person.
_UNSAID = {*Event.model_fields, "type", "wrap"} - {"site", "source"}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("mapping_file", metavar="MAPPING", type=_FILE)
@click.argument("samples", metavar="[SAMPLE]…", nargs=-1, type=_FILE)
@click.option("--registry", "registry_file", type=_FILE, help="Hold the events to this registry.")
@click.option("--json", "as_json", is_flag=True, help="Print the events as they would be sent.")
def check(
    mapping_file: Path, samples: tuple[Path, ...], registry_file: Path | None, as_json: bool
) -> None:
    """Check MAPPING, and print the events of each SAMPLE, or why there is none.

    A sample is a webhook's body (JSON), or an export (CSV) where the mapping has `csv`. Nothing is
    sent. Exit codes: 0 all is good, 1 something was refused, 2 the mapping or the use is wrong.
    """
    mapping = loaded(mapping_file)
    registry = _registry(registry_file)
    # With `--json`, only events go to standard output.
    click.echo(
        f"{mapping_file}: {mapping.name}, {len(mapping.events)} rules, mode {mapping.mode}",
        err=as_json,
    )
    refused = 0
    for sample in samples:
        click.echo(f"{sample}:", err=as_json)
        found = 0
        for where, result in _results(mapping, sample):
            found += 1
            problem = result.sentence if isinstance(result, Refusal) else _why_not(result, registry)
            if not isinstance(result, Refusal):
                click.echo(encode(result).decode() if as_json else f"  {where}{_line(result)}")
            if problem is not None:
                refused += 1
                click.echo(f"  {where}! {problem}", err=as_json)
        if not found:
            click.echo("  nothing that counts", err=as_json)
    if refused:
        raise click.ClickException(f"{refused} refused: see the lines with !")


def _line(event: AnyEvent) -> str:
    """An event for a person: what happened, when (UTC), and what it says of it."""
    said = event.model_dump(mode="json", exclude_none=True, exclude=_UNSAID)
    party = said.pop("party_size", None)
    details = [f"{name}={value}" for name, value in said.items()]
    if party:
        details.append(f"persons={party['persons']}")
    at = event.occurred_at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    return f"{event.type:15} {at} UTC  {' '.join(details)}"


def loaded(mapping_file: Path) -> Mapping:
    """The mapping, or the end with exit code 2 and a line for every mistake."""
    try:
        return load_mapping(mapping_file)
    except AdapterError as error:
        raise click.UsageError(str(error)) from None


def _results(mapping: Mapping, sample: Path) -> Iterator[tuple[str, AnyEvent | Refusal]]:
    if mapping.csv is None:
        payload = read_payload(sample.read_bytes())
        results = [payload] if isinstance(payload, Refusal) else translate(mapping, payload)
        yield from (("", result) for result in results)
        return
    try:
        with sample.open("rb") as file:
            for row in rows_of(file, mapping, sample.name):
                for result in translate_row(mapping, row):
                    yield f"{row.line}: ", result
    except AdapterError as error:
        raise click.ClickException(str(error)) from None


def _registry(file: Path | None) -> RegistryIndex | None:
    if file is None:
        return None
    # Only who asks for it needs what provisioning needs.
    from services.provision import registry_file
    from services.provision.errors import InvalidRegistry

    try:
        return RegistryIndex(registry_file.read(file))
    except InvalidRegistry as error:
        raise click.UsageError(str(error)) from None


def _why_not(event: AnyEvent, registry: RegistryIndex | None) -> str | None:
    """Why the pipeline would not count the event, had it come in time; None when it would."""
    if registry is None:
        return None
    at = event.occurred_at
    decision = decide(event, received_at=at, now=at, registry=registry, anchor=None)
    if not isinstance(decision, Rejected):
        return None
    return f"{event.type}: {decision.reason}: {decision.field}: {decision.detail}"
