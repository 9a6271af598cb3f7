"""Where a vendor's CSV exports lie and how they are written, as the mapping says it."""

from __future__ import annotations

from codecs import lookup
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

SFTP = "sftp://"


def _encoding(name: str) -> str:
    try:
        return lookup(name).name
    except LookupError:
        raise ValueError(f"{name!r} is no encoding; expected utf-8, cp1252 or utf-16") from None


def _location(text: str) -> str:
    if "://" not in text:
        return text
    address = urlsplit(text)
    if address.scheme != "sftp" or not address.hostname or not address.username:
        raise ValueError("location is no sftp://user@host/folder and no folder of this machine")
    if address.password is not None:
        raise ValueError("location holds a password; use `key_file`, and change that password")
    return text


class Export(BaseModel):
    """A folder of CSV files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    location: Annotated[str, Field(min_length=1), AfterValidator(_location)]
    files: Annotated[str, Field(min_length=1)] = "*.csv"
    key_file: str | None = None
    known_hosts: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    settled_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    done_suffix: str | None = None

    @model_validator(mode="after")
    def _can_be_trusted(self) -> Export:
        if self.is_remote and (self.key_file is None or self.known_hosts is None):
            raise ValueError("an sftp:// location needs `key_file` and `known_hosts`")
        return self

    @property
    def is_remote(self) -> bool:
        """Whether it is on an SFTP server."""
        return self.location.startswith(SFTP)
