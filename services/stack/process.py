"""Server processes that outlive us: started once, found again by pid file, ended by pid.

A pid alone is no identity, since the kernel hands it out again. A pid file therefore also keeps the
boot and the moment at which the process started; a process that differs is somebody else's and is
never touched.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from services.stack.errors import StackError

_POLL_INTERVAL_S = 0.05
_KILLED_TIMEOUT_S = 10.0
# Servers get this and nothing else, so that a KAFKA_OPTS or PGPORT of the caller changes nothing.
_ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
}


@dataclass(frozen=True)
class Identity:
    """Tells one process from every other, also after its pid was given to another program."""

    pid: int
    started_ticks: int
    boot: str

    def to_json(self) -> str:
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Identity | None:
        """None when the file is not one of ours, or was cut off while it was written."""
        try:
            fields = json.loads(text)
            return cls(int(fields["pid"]), int(fields["started_ticks"]), str(fields["boot"]))
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class ProcessStat:
    """The part of /proc/PID/stat that is needed here."""

    state: str
    parent: int
    threads: int
    started_ticks: int

    @property
    def is_dead(self) -> bool:
        # A zombie whose other threads are still ending has not given back its ports yet.
        return self.state in "ZX" and self.threads <= 1


def parse_stat(text: str) -> ProcessStat:
    """Read a line of /proc/PID/stat; the program's name in it may hold spaces and brackets."""
    fields = text[text.rindex(")") + 2 :].split()
    return ProcessStat(
        state=fields[0],
        parent=int(fields[1]),
        threads=int(fields[17]),
        started_ticks=int(fields[19]),
    )


def read_stat(pid: int) -> ProcessStat | None:
    """None when there is no such process."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


class ServerProcess:
    """One server, known by its pid file."""

    def __init__(self, name: str, pid_file: Path, log: Path) -> None:
        self.name = name
        self.log = log
        self._pid_file = pid_file
        self._log_start = 0

    def identity(self) -> Identity | None:
        """The running server, or None; a pid file of a dead or foreign process counts as none."""
        try:
            identity = Identity.from_json(self._pid_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return identity if identity and _is_alive(identity) else None

    def is_running(self) -> bool:
        return self.identity() is not None

    def start(self, command: Sequence[str], settings: Mapping[str, str] | None = None) -> None:
        """Start the command in a session of its own, so that Ctrl-C at a terminal spares it.

        `settings` are added to the small fixed environment that every server gets.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        write_log = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # env changes the folder to one that every account can enter, and then becomes the server.
        arguments = ["env", "--chdir=/", "--", *command]
        # Not subprocess.Popen: that one complains when its object goes while the server stays.
        pid = os.posix_spawnp(
            arguments[0],
            arguments,
            {**_ENVIRONMENT, **(settings or {})},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log), write_log, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
            # Python ignores SIGPIPE, make's background jobs SIGINT; a server expects neither.
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
        )
        stat = read_stat(pid)
        if stat is None:
            raise StackError(f"{self.name} ended at once\n{self.log_tail()}")
        partial = self._pid_file.with_suffix(".partial")
        partial.write_text(Identity(pid, stat.started_ticks, _boot()).to_json(), encoding="utf-8")
        partial.replace(self._pid_file)

    def await_ready(self, is_ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until the server answers; StackError with the log's end when it does not."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if not self.is_running():
                raise StackError(f"{self.name} ended while starting\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} did not answer within {timeout_s:.0f} s\n{self.log_tail()}"
                )
            time.sleep(_POLL_INTERVAL_S)

    def stop(self, how: signal.Signals, *, timeout_s: float) -> bool:
        """Ask the server to end and wait for it; True when it had to be killed after all."""
        identity = self.identity()
        if identity is None:
            self._forget()
            return False
        _send(identity.pid, how)
        if not _await_end([identity], timeout_s):
            self.kill()
            return True
        self._forget()
        return False

    def kill(self) -> None:
        """End the server and all its children with SIGKILL, as a power cut would."""
        identity = self.identity()
        if identity is not None:
            # Stopped first, so that it cannot start a child that we would miss.
            _send(identity.pid, signal.SIGSTOP)
            family = [identity, *_descendants(identity)]
            for member in family:
                if _is_alive(member):
                    _send(member.pid, signal.SIGKILL)
            if not _await_end(family, _KILLED_TIMEOUT_S):
                raise StackError(f"{self.name} (pid {identity.pid}) survives SIGKILL")
        self._forget()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines that this start wrote, with the log's path, for an error message."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_start)
                text = log.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            text = ""
        shown = "\n".join(f"  {line}" for line in text.splitlines()[-lines:])
        return f"The end of {self.log}:\n{shown or '  (empty)'}"

    def _forget(self) -> None:
        self._pid_file.unlink(missing_ok=True)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _is_alive(identity: Identity) -> bool:
    # Our own child stays a zombie as long as we live, unless we take its exit status.
    with suppress(ChildProcessError):
        os.waitpid(identity.pid, os.WNOHANG)
    stat = read_stat(identity.pid)
    return (
        stat is not None
        and not stat.is_dead
        and stat.started_ticks == identity.started_ticks
        and _boot() == identity.boot
    )


def _send(pid: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, how)


def _await_end(processes: Sequence[Identity], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while any(_is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_INTERVAL_S)
    return True


def _descendants(root: Identity) -> list[Identity]:
    stats = {
        int(entry.name): stat
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (stat := read_stat(int(entry.name)))
    }
    family = {root.pid}
    grown = True
    while grown:
        children = {pid for pid, stat in stats.items() if stat.parent in family} - family
        family |= children
        grown = bool(children)
    return [Identity(pid, stats[pid].started_ticks, root.boot) for pid in family - {root.pid}]
