"""The database server: PostgreSQL with TimescaleDB, on the loopback."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import psycopg

from services.stack import ports
from services.stack.account import Account, DataFolder
from services.stack.credentials import ADMIN, Passwords
from services.stack.errors import StackError
from services.stack.installations import Installation, installations
from services.stack.process import ServerProcess
from services.stack.settings import POSTGRES_PORT
from services.stack.templates import render

# Long, because after SIGKILL the server first replays its write-ahead log.
_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 60.0


class PostgresServer:
    """A real server whose pid file and log are in `home`; it outlives this process."""

    def __init__(
        self,
        home: Path,
        port: int,
        *,
        account: Callable[[], Account],
        folder: DataFolder,
        passwords: Passwords,
        settings: Mapping[str, str] | None = None,
        access: str | None = None,
    ) -> None:
        """`settings` are added to the template's; `access` is a pg_hba.conf instead of initdb's."""
        self.port = port
        self._account = account
        self._folder = folder
        self._passwords = passwords
        self._settings = settings or {}
        self._access = access
        self._process = ServerProcess("PostgreSQL", home / "postgres.pid", home / "postgres.log")

    @property
    def address(self) -> str:
        return f"{ports.LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        return self._process.log

    @property
    def data(self) -> Path:
        """The server's data; it may be outside the stack's folder, see `DataFolder`."""
        return self._folder.path / "data"

    @property
    def pid(self) -> int | None:
        identity = self._process.identity()
        return identity.pid if identity else None

    def is_running(self) -> bool:
        return self._process.is_running()

    def start(self) -> None:
        """Return when the server answers queries; nothing is done when it runs already."""
        if not self.is_running():
            ports.require_free(self.port, wanted_by="PostgreSQL", setting=POSTGRES_PORT)
            account = self._account()
            self._folder.make(account)
            installation = self._installation()
            if not (self.data / "PG_VERSION").is_file():
                self._initialise(installation, account)
            self._configure(account)
            self._forget_dead_server()
            server = [str(installation.programs / "postgres"), "-D", str(self.data)]
            self._process.start(account.command(server))
        self._process.await_ready(self._answers, timeout_s=_START_TIMEOUT_S)

    def stop(self) -> None:
        """End the sessions and write a checkpoint; a server that does not end in time is killed."""
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
        self._process.stop(signal.SIGINT, timeout_s=_STOP_TIMEOUT_S)

    def kill(self) -> None:
        """SIGKILL to all its processes, as a power cut; `start` recovers what was committed."""
        self._process.kill()

    def remove(self) -> None:
        """Remove the stopped server's data and log."""
        self._folder.remove()
        self._process.log.unlink(missing_ok=True)

    def _installation(self) -> Installation:
        usable = [one for one in installations() if one.has_timescaledb]
        try:
            major = int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            if usable:
                return usable[0]
            raise StackError("TimescaleDB is not installed; run `passage stack up`") from None
        # Data keeps to the version that made it, also when a newer one was installed since.
        for installation in usable:
            if installation.major == major:
                return installation
        raise StackError(
            f"{self.data} was made by PostgreSQL {major}, which is not installed with TimescaleDB "
            "any more; install it again, or start afresh with `passage stack clean`"
        )

    def _initialise(self, installation: Installation, account: Account) -> None:
        # Beside the data, for the account must read it; removed as soon as it was read.
        password_file = self._folder.path / "password"
        password_file.touch(mode=0o600)
        try:
            password_file.write_text(self._passwords.load()[ADMIN] + "\n", encoding="ascii")
            account.take(password_file)
            initdb = [
                str(installation.programs / "initdb"),
                f"--pgdata={self.data}",
                f"--username={ADMIN}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
            ]
            result = subprocess.run(
                account.command(initdb), cwd="/", capture_output=True, text=True, check=False
            )
        finally:
            password_file.unlink()
        if result.returncode != 0:
            words = (result.stdout + result.stderr)[-2000:].strip()
            raise StackError(f"initdb could not make {self.data}; its words:\n{words}")

    def _configure(self, account: Account) -> None:
        text = render("postgresql.conf", port=self.port)
        text += "".join(f"{name} = '{value}'\n" for name, value in self._settings.items())
        files = {"postgresql.conf": text}
        if self._access is not None:
            files["pg_hba.conf"] = self._access
        for name, content in files.items():
            path = self.data / name
            path.write_text(content, encoding="utf-8")
            account.take(path)

    def _forget_dead_server(self) -> None:
        # After SIGKILL the server's own pid file stays. When its pid was given to another program
        # since, PostgreSQL would take that program for a running server and refuse to start.
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return
        if str(self.data).encode() not in command.split(b"\0"):
            pid_file.unlink()

    def _answers(self) -> bool:
        if not ports.answers(self.port):
            return False
        try:
            connection = psycopg.connect(
                host=ports.LOOPBACK,
                port=self.port,
                user=ADMIN,
                password=self._passwords.load()[ADMIN],
                dbname="postgres",
                connect_timeout=2,
            )
        except psycopg.errors.InvalidPassword:
            raise StackError(
                f"The passwords in {self.log.parent} do not fit the data in {self.data}; "
                "start afresh with `passage stack clean`"
            ) from None
        except psycopg.OperationalError:
            # It accepts connections before it has recovered, only to say that it is starting up.
            return False
        with closing(connection):
            return connection.execute("select 1").fetchone() == (1,)
