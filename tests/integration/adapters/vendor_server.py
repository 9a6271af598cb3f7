"""A vendor's SFTP server on a real socket, and what of its exports arrives in Kafka."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.adapters.command_pull import pull

HEADER = "Jour;Ticket;Prestation;Pris à;Appelé à;Nom;Téléphone\n"

MAPPING = """\
name: vendor
time: {{format: "%d/%m/%Y %H:%M", zone: Europe/Paris}}
csv:
  location: sftp://passage@127.0.0.1:{port}/exports
  key_file: {key}
  known_hosts: known_hosts
  files: "*.csv"
  settled_s: {settled_s}
tables:
  services:
    Séjour: {{queue: nog-sejour, directorate: dmi, service: sejour}}
visit: {{id: [Jour, Ticket]}}
place:
  - {{site: sp-nogent, source: nog-borne-1}}
  - {{from: Prestation, table: services}}
events:
  - {{type: ticket_issued, at: [Jour, Pris à], number: Ticket}}
  - {{type: called, optional: true, at: [Jour, Appelé à]}}
"""


def row(number: int, day: str, service: str = "Séjour") -> str:
    """A ticket, called ten minutes after it was taken, of a person who is told by name."""
    minute = number % 50
    return (
        f"{day};S{number:03};{service};09:{minute:02};10:{minute:02};Durand Awa {number};"
        f"06{number:08}\n"
    )


def new_key(path: Path) -> paramiko.PKey:
    """A private key in a file that only this user reads."""
    path.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)
    return paramiko.PKey.from_path(path)


class _Door(paramiko.ServerInterface):
    def __init__(self, user_key: paramiko.PKey) -> None:
        self._user_key = user_key

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        is_known = username == "passage" and key.get_base64() == self._user_key.get_base64()
        return paramiko.AUTH_SUCCESSFUL if is_known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    root: Path

    def list_folder(self, path: str) -> Any:
        return [
            paramiko.SFTPAttributes.from_stat(file.stat(), file.name)
            for file in (self.root / path.lstrip("/")).iterdir()
        ]

    def stat(self, path: str) -> Any:
        return paramiko.SFTPAttributes.from_stat((self.root / path.lstrip("/")).stat())

    def open(self, path: str, flags: int, attr: Any) -> Any:
        assert not flags & (os.O_WRONLY | os.O_RDWR), "an export is never written to"
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = (self.root / path.lstrip("/")).open("rb")
        return handle


@dataclass
class SftpServer:
    """An SFTP server that lets one key in, and shows one folder."""

    root: Path
    host_key: paramiko.PKey
    user_key: paramiko.PKey
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    transports: list[paramiko.Transport] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Until the listener is closed."""
        files = type("Files", (_Files,), {"root": self.root})
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                transport = paramiko.Transport(connection)
                transport.add_server_key(self.host_key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
                self.transports.append(transport)
                # Not waited for: who goes away in the middle would hold up whoever comes next.
                transport.start_server(event=threading.Event(), server=_Door(self.user_key))

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for transport in self.transports:
            transport.close()


@dataclass
class Vendor:
    """A vendor's exports, and `passage adapters pull` that takes them."""

    folder: Path
    server: SftpServer
    environ: dict[str, str]

    @property
    def exports(self) -> Path:
        return self.server.root / "exports"

    @property
    def state(self) -> Path:
        return Path(self.environ["PASSAGE_ADAPTERS_STATE"])

    @property
    def mapping(self) -> Path:
        return self.folder / "mapping.yaml"

    def write_mapping(self, *, key: str = "key", settled_s: float = 0) -> None:
        self.mapping.write_text(
            MAPPING.format(port=self.server.port, key=key, settled_s=settled_s), encoding="utf-8"
        )

    def know_host(self, key: paramiko.PKey) -> None:
        line = f"[127.0.0.1]:{self.server.port} {key.get_name()} {key.get_base64()}\n"
        (self.folder / "known_hosts").write_text(line)

    def export(self, name: str, *rows: str, header: str = HEADER) -> Path:
        file = self.exports / name
        file.write_text(header + "".join(rows), encoding="utf-8")
        return file

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`passage adapters pull` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "services.adapters", "pull", str(self.mapping), *arguments],
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pull(self, *arguments: str) -> tuple[int, str]:
        """The same in this process: its exit code and all that it said."""
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            result = CliRunner().invoke(pull, [str(self.mapping), *arguments], env=self.environ)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return result.exit_code, result.output
