"""The account that PostgreSQL runs as, and where that account's data can be.

PostgreSQL refuses to run as root. Root therefore starts it as the user `postgres`; when that user
cannot enter the stack's folder (a clone inside a private folder), the data goes to /var/tmp.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.stack.errors import StackError

_MARKER = "passage-home"


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL: another user when we are root, ourselves otherwise."""

    user: str | None = None

    @classmethod
    def for_user_id(cls, user_id: int) -> Account:
        """The account to use when we are this user."""
        if user_id != 0:
            return cls()
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            raise StackError(
                "PostgreSQL refuses to run as root, and there is no user `postgres` to run it; "
                "install Debian's package postgresql, or run this as another user"
            ) from None
        return cls("postgres")

    def command(self, command: Sequence[str]) -> list[str]:
        """The command, run as this account; the process keeps its pid."""
        if self.user is None:
            return list(command)
        become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        return [*become, "--", *command]

    def can_enter(self, folder: Path) -> bool:
        result = subprocess.run(
            self.command(["test", "-x", str(folder)]), cwd="/", capture_output=True, check=False
        )
        return result.returncode == 0

    def take(self, path: Path) -> None:
        """Make the path this account's own, and private."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.user is not None:
            shutil.chown(path, self.user, self.user)


class DataFolder:
    """Where PostgreSQL's data is: `home`/postgres, or a folder in /var/tmp noted in `home`."""

    def __init__(self, home: Path, *, elsewhere: Path = Path("/var/tmp")) -> None:
        self._inside = home / "postgres"
        self._home = home
        self._remembered = home / "postgres-folder"
        self._outside = elsewhere / f"passage-{_short_hash(home)}"

    @property
    def path(self) -> Path:
        """Where the data is, or would be."""
        try:
            return Path(self._remembered.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            return self._inside

    @property
    def is_outside(self) -> bool:
        return self.path != self._inside

    def make(self, account: Account, *, can_enter: Callable[[Path], bool] | None = None) -> Path:
        """Make the folder, owned by the account, where the account can reach it."""
        if self.path.is_dir():
            return self.path
        self._home.mkdir(parents=True, exist_ok=True)
        if (can_enter or account.can_enter)(self._home):
            self._inside.mkdir()
            account.take(self._inside)
            return self._inside
        # A folder of an earlier home of the same name, removed by hand: its data has no password.
        self._remove_outside()
        self._outside.mkdir(mode=0o700)
        (self._outside / _MARKER).write_text(f"{self._home}\n", encoding="utf-8")
        account.take(self._outside)
        self._remembered.write_text(f"{self._outside}\n", encoding="utf-8")
        return self._outside

    def remove(self) -> None:
        """Remove the data, wherever it is."""
        path = self.path
        if path == self._inside:
            shutil.rmtree(path, ignore_errors=True)
        elif (path / _MARKER).is_file():
            shutil.rmtree(path)
        self._remembered.unlink(missing_ok=True)

    def _remove_outside(self) -> None:
        if not self._outside.exists():
            return
        marker = self._outside / _MARKER
        # /var/tmp is everybody's: touch nothing there that this stack did not make.
        if marker.is_symlink() or not marker.is_file() or marker.stat().st_uid != os.getuid():
            raise StackError(f"{self._outside} is in the way and not ours; remove it by hand")
        shutil.rmtree(self._outside)


def _short_hash(home: Path) -> str:
    return hashlib.sha256(str(home).encode()).hexdigest()[:12]
