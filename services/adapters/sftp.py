"""A folder of an SFTP server that is known by its host key, entered with a key of ours."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import unquote, urlsplit

import paramiko
from paramiko.pkey import UnknownKeyType

from services.adapters.errors import SourceUnavailable
from services.adapters.export import Export
from services.adapters.sources import Listed

CONNECT_S = 20.0
_SSH_PORT = 22
_BLOCKS_AHEAD = 64


class SftpFolder:
    """A folder of an SFTP server, over one connection."""

    def __init__(self, client: paramiko.SFTPClient, path: str, address: str) -> None:
        self._client = client
        self._path = path.rstrip("/")
        self._address = address

    def files(self) -> list[Listed]:
        """Every plain file in it."""
        with _explained(self._address):
            return [
                Listed(found.filename, found.st_size or 0, float(found.st_mtime or 0))
                for found in self._client.listdir_attr(self._path or ".")
                if stat.S_ISREG(found.st_mode or stat.S_IFREG)
            ]

    @contextmanager
    def open(self, listed: Listed) -> Iterator[BinaryIO]:
        """A file, to be read from its beginning."""
        path = f"{self._path}/{listed.name}" if self._path else listed.name
        with _explained(self._address), self._client.open(path, "rb") as file:
            # One block at a time would take as long as the way there and back, for each.
            file.prefetch(listed.size, max_concurrent_requests=_BLOCKS_AHEAD)
            yield cast(BinaryIO, file)


@contextmanager
def connected(export: Export, beside: Path) -> Iterator[SftpFolder]:
    """The folder of an `sftp://` location; relative files are those beside the mapping.

    A server that is not in `known_hosts`, or has another key there, is not talked to: no key is
    ever learned by itself. No agent, no password, no other key is tried. Raises SourceUnavailable.
    """
    address = urlsplit(export.location)
    host, port = address.hostname or "", address.port or _SSH_PORT
    shown = f"{host}:{port}"
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        with _explained(shown):
            _load_known_hosts(client, beside / (export.known_hosts or ""))
            client.connect(
                host,
                port,
                username=unquote(address.username or ""),
                pkey=_private_key(beside / (export.key_file or "")),
                allow_agent=False,
                look_for_keys=False,
                timeout=CONNECT_S,
                banner_timeout=CONNECT_S,
                auth_timeout=CONNECT_S,
            )
            sftp = client.open_sftp()
            sftp.get_channel().settimeout(CONNECT_S)  # type: ignore[union-attr]  # it is open
        # As users write it: a path below the folder in which the server lets them in.
        yield SftpFolder(sftp, unquote(address.path).removeprefix("/"), shown)
    finally:
        client.close()


def _load_known_hosts(client: paramiko.SSHClient, file: Path) -> None:
    try:
        client.load_host_keys(str(file))
    except OSError as error:
        raise SourceUnavailable(
            f"{file} cannot be read ({error.strerror}). Remedy: write the server's host key into"
            " it, as its administrator gives it to you"
        ) from None


def _private_key(file: Path) -> paramiko.PKey:
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SourceUnavailable(f"{file} is open to others. Remedy: chmod 600 {file}")
        return paramiko.PKey.from_path(file)
    except OSError as error:
        raise SourceUnavailable(f"{file} cannot be read: {error.strerror}") from None
    except (paramiko.SSHException, UnknownKeyType, ValueError, TypeError):
        raise SourceUnavailable(
            f"{file} is no private key without a passphrase. Remedy: ssh-keygen -t ed25519"
        ) from None


@contextmanager
def _explained(shown: str) -> Iterator[None]:
    try:
        yield
    except paramiko.BadHostKeyException:
        raise SourceUnavailable(
            f"{shown} shows another host key than `known_hosts` has: it may be another machine."
            " Remedy: ask its administrator; correct the line only if the key was changed"
        ) from None
    except paramiko.AuthenticationException:
        raise SourceUnavailable(
            f"{shown} does not let this key in. Remedy: have its public half added for this user"
        ) from None
    except paramiko.SSHException as error:
        unknown = "not found in known_hosts" in str(error)
        remedy = (
            "Remedy: write its host key into `known_hosts`, as its administrator gives it to you"
            if unknown
            else "Remedy: try `sftp` with the same key"
        )
        what = "is not in `known_hosts`" if unknown else "does not speak SFTP with us"
        raise SourceUnavailable(f"{shown} {what}. {remedy}") from None
    except (OSError, EOFError) as error:
        problem = getattr(error, "strerror", None) or type(error).__name__
        raise SourceUnavailable(
            f"{shown} cannot be read ({problem}). Remedy: correct `csv.location`, or try again when"
            " it is back"
        ) from None
