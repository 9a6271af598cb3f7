"""`passage web` serves the planner; `passage api-key` says who may ask."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from services.planner.asking import codes, reader, with_remedy
from services.planner.reference import read_reference
from services.planner.web.access import is_local
from services.planner.web.keys import KeyFile
from services.planner.web.settings import WebSettings
from services.runtime import logs
from services.runtime.key_file import KeyFileError
from services.runtime.serving import serve
from services.runtime.settings import InvalidSetting, with_local_stack


@click.command()
@click.option("--host", help="Address to listen on. Default: PASSAGE_WEB_HOST, 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on. Default: PASSAGE_WEB_PORT, 8094.")
def web(host: str | None, port: int | None) -> None:
    """Serve the page for planners and the API, until told to stop.

    Without PASSAGE_API_KEYS only this machine may ask, and needs no key. With it, everybody needs
    one of the keys in that file (`passage api-key create`). Put a proxy with TLS in front.

    The page is at /, the API at /api/v1, its description at /openapi.json.
    """
    from services.planner.web.app import create_app

    with with_remedy():
        settings = _settings()
        settings = settings.model_copy(
            update={
                name: value
                for name, value in (("web_host", host), ("web_port", port))
                if value is not None
            }
        )
        if settings.api_keys is None and not is_local(settings.web_host):
            raise InvalidSetting(
                f"PASSAGE_API_KEYS is not set, and {settings.web_host} can be reached from outside;"
                " expected a file of API keys: `passage api-key create NAME`"
            )
    logs.configure(sys.stderr, settings.log_level, "web")
    click.echo(f"http://{settings.web_host}:{settings.web_port}/")
    serve(create_app(settings), host=settings.web_host, port=settings.web_port)


@click.group(name="api-key")
def api_key() -> None:
    """Make, list and revoke keys of the API and the page. The file is PASSAGE_API_KEYS."""


@api_key.command()
@click.argument("name")
@click.option("--site", "sites", multiple=True, help="Site that it may ask about; repeatable. All.")
def create(name: str, sites: tuple[str, ...]) -> None:
    """Make a key and print it, this once; only its digest is kept."""
    with with_remedy():
        settings = _settings()
        if sites:
            with reader(settings, "passage api-key") as connection:
                read_reference(connection).check("site", sites)
        keys = _keys(settings)
    try:
        click.echo(keys.create(name, codes(sites), datetime.now(UTC).date()))
    except (KeyFileError, ValueError) as error:
        raise click.ClickException(_sentence(error)) from None


@api_key.command(name="list")
def list_() -> None:
    """Names of the keys, what they may ask about, and since when."""
    with with_remedy():
        keys = _keys(_settings())
    try:
        for key in keys.read():
            sites = ", ".join(key.sites) if key.sites else "all sites"
            end = f", revoked on {key.revoked_on}" if key.revoked_on else ""
            click.echo(f"{key.name}: {sites}, since {key.created_on}{end}")
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None


@api_key.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End a key's validity at once, without a restart."""
    with with_remedy():
        keys = _keys(_settings())
    try:
        keys.revoke(name, datetime.now(UTC).date())
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{name} is revoked")


def _settings() -> WebSettings:
    return WebSettings.from_environ(with_local_stack(os.environ))


def _keys(settings: WebSettings) -> KeyFile:
    path: Path | None = settings.api_keys
    if path is None:
        raise InvalidSetting("PASSAGE_API_KEYS is not set; expected a file of API keys")
    return KeyFile(path)


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyFileError):
        return str(error)
    return "a name has letters a-z, digits, '.', '_' and '-' only, 64 at most"
