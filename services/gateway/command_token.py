"""`passage gateway token`: who may send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
from pydantic import ValidationError

from services.gateway.command_serve import read_settings
from services.gateway.scope import EVENT_TYPES
from services.gateway.settings import TokenSettings
from services.gateway.tokens import Token, TokenFile
from services.runtime.key_file import KeyFileError


@click.group()
def token() -> None:
    """Make, replace, revoke and list tokens. The file is PASSAGE_GATEWAY_TOKENS.

    Run it as the user that the gateway runs as. A running gateway takes up changes by itself.
    """


@token.command()
@click.argument("name")
@click.option("--site", required=True, help="Code of the site.")
@click.option("--source", "sources", required=True, multiple=True, help="Device; repeatable.")
@click.option(
    "--type",
    "types",
    multiple=True,
    type=click.Choice(sorted(EVENT_TYPES)),
    metavar="TYPE",
    help="Type of event that it may send; repeatable. Default: all.",
)
def create(name: str, site: str, sources: tuple[str, ...], types: tuple[str, ...]) -> None:
    """Make a token and print it, this once; only its digest is kept.

    \b
    Example:
      passage gateway token create hall-vendor --site creteil-accueil \\
        --source acc-borne-1 --source acc-guichets
    """
    with _explained():
        click.echo(_tokens().create(name, site, sources, types or None, _now()))


@token.command()
@click.argument("name")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    help="How long the old one stays valid.",
)
def rotate(name: str, overlap_hours: float) -> None:
    """Print a new secret for a token; the old one stays valid for a while."""
    with _explained():
        click.echo(_tokens().rotate(name, _now(), timedelta(hours=overlap_hours)))


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End a token's validity at once."""
    with _explained():
        _tokens().revoke(name, _now())
    click.echo(f"{name} is revoked")


@token.command(name="list")
def list_() -> None:
    """Names of the tokens, what they may send, and until when."""
    with _explained():
        for one in _tokens().read():
            click.echo(_line(one, _now()))


def _line(one: Token, now: datetime) -> str:
    types = "all types" if one.types is None else ", ".join(one.types)
    parts = [f"{one.site}: {', '.join(one.sources)}", types]
    parts.append(f"since {one.secrets[-1].created_at:%Y-%m-%d %H:%M} UTC")
    if one.revoked_at is not None:
        parts.append(f"revoked at {one.revoked_at:%Y-%m-%d %H:%M} UTC")
    else:
        parts += [
            f"an older one until {secret.expires_at:%Y-%m-%d %H:%M} UTC"
            for secret in one.secrets
            if secret.expires_at is not None and secret.is_valid(now)
        ]
    return f"{one.name}: {'; '.join(parts)}"


def _tokens() -> TokenFile:
    return TokenFile(read_settings(TokenSettings).gateway_tokens)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    except ValidationError as error:
        names = ", ".join(sorted({f"{problem['loc'][0]}" for problem in error.errors()}))
        raise click.UsageError(
            f"wrong {names}: names and codes have letters a-z, digits and '-' only"
        ) from None
