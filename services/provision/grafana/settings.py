"""Which Grafana, as whom, with which database, and whom alerts tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from services.runtime.database import DatabaseUrl
from services.runtime.settings import InvalidSetting, secret_in_file

DEFAULT_URL = "http://127.0.0.1:3000"

Language = Literal["fr", "en"]
Credential = str | tuple[str, str]
"""A token, or a user with a password."""

_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+$")


@dataclass(frozen=True, slots=True)
class GrafanaSettings:
    """What publishing needs to know; no representation of it shows a secret."""

    url: str
    credential: Credential = field(repr=False)
    ca_file: Path | None
    database: DatabaseUrl
    language: Language
    addresses: dict[str, str] = field(repr=False)
    """Email addresses or a webhook, of `supervisor` and `technician` as far as they are set."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> GrafanaSettings:
        """Read the settings. Raises InvalidSetting; an empty variable counts as absent."""
        set_ = {name: value.strip() for name, value in environ.items() if value.strip()}
        return cls(
            url=grafana_url(set_),
            credential=credential(set_),
            ca_file=_ca_file(set_),
            database=_database(set_),
            language=_language(set_),
            addresses={
                route: _address(variable, set_[variable])
                for route in ("supervisor", "technician")
                if (variable := f"PASSAGE_ALERTS_{route.upper()}") in set_
            },
        )


def grafana_url(environ: Mapping[str, str]) -> str:
    """GRAFANA_URL, or the standard port of this machine. Raises InvalidSetting."""
    text = environ.get("GRAFANA_URL", "").strip() or DEFAULT_URL
    expected = "GRAFANA_URL is wrong; expected http://host:port or https://host/path"
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise InvalidSetting(expected) from None
    if not valid or parts.query or parts.fragment:
        raise InvalidSetting(expected)
    if parts.username or parts.password:
        raise InvalidSetting(f"{expected}, with GRAFANA_USER and GRAFANA_PASSWORD apart from it")
    return text.rstrip("/")


def credential(environ: Mapping[str, str]) -> Credential:
    """The token, else user and password. Raises InvalidSetting when there is neither."""
    if token := _secret(environ, "GRAFANA_TOKEN"):
        return token
    user, password = environ.get("GRAFANA_USER"), _secret(environ, "GRAFANA_PASSWORD")
    if user and password:
        return user, password
    raise InvalidSetting(
        "GRAFANA_TOKEN is not set; expected the token of a service account with the role Admin, "
        "or GRAFANA_USER and GRAFANA_PASSWORD (or the file of either: GRAFANA_TOKEN_FILE, "
        "GRAFANA_PASSWORD_FILE)"
    )


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    # As it stands in the environment: a password may begin or end with a blank.
    return environ.get(name) or secret_in_file(environ, name)


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    if "GRAFANA_CA_FILE" not in environ:
        return None
    file = Path(environ["GRAFANA_CA_FILE"])
    if not file.is_file():
        raise InvalidSetting(f"GRAFANA_CA_FILE is wrong; expected a file: {file}")
    return file


def _database(environ: Mapping[str, str]) -> DatabaseUrl:
    for name in ("PASSAGE_GRAFANA_DATABASE", "PASSAGE_DATABASE_READER"):
        if name in environ:
            return DatabaseUrl.parse(environ[name], name)
    raise InvalidSetting(
        "PASSAGE_DATABASE_READER is not set; expected postgresql://user:password@host:port/"
        "database (or PASSAGE_GRAFANA_DATABASE, where Grafana reaches it under another address)"
    )


def _language(environ: Mapping[str, str]) -> Language:
    language = environ.get("PASSAGE_LANGUAGE", "fr")
    if language not in get_args(Language):
        raise InvalidSetting("PASSAGE_LANGUAGE is wrong; expected fr or en")
    return cast(Language, language)


def _address(variable: str, text: str) -> str:
    if text.startswith(("http://", "https://")):
        return text
    emails = [email.strip() for email in text.replace(";", ",").split(",")]
    if not all(_EMAIL.match(email) for email in emails):
        raise InvalidSetting(
            f"{variable} is wrong; expected email addresses with commas between them, "
            "or the URL of a webhook"
        )
    return ";".join(emails)
