"""Debian's packages: what is installed, what could be, and sources of a newer release."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from services.stack.errors import StackError

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_FIELDS = ("ORIGIN", "COMPONENT", "CODENAME", "REPO_URI")


def main_mirror(targets: str) -> str | None:
    """The base address of Debian's main archive, from `apt-get indextargets`.

    Security and backports have archives of their own, which hold no newer release.
    """
    for line in targets.splitlines():
        match line.split("|"):
            case ["Debian", "main", release, address] if "-" not in release:
                return address
    return None


def newest_of(found: str) -> str | None:
    """The package with the highest number in its name, from `apt-cache search`."""
    names = [line.split(" ", 1)[0] for line in found.splitlines()]
    return max(names, key=_number, default=None)


def private_options(folder: Path) -> list[str]:
    """Options that make apt see only the sources in `folder` and leave the machine's lists be."""
    return [
        f"-oDir::Etc::SourceList={folder}/sources.list",
        "-oDir::Etc::SourceParts=/dev/null",
        "-oDir::Etc::Preferences=/dev/null",
        "-oDir::Etc::PreferencesParts=/dev/null",
        f"-oDir::State::Lists={folder}/lists",
        f"-oDir::Cache={folder}/cache",
        # Not as the user _apt, who cannot enter a private folder; signatures are still checked.
        "-oAPT::Sandbox::User=root",
    ]


class Apt:
    """Debian's package tools, with root's rights where they are needed."""

    def is_there(self) -> bool:
        return shutil.which("apt-get") is not None

    def privileged(self, command: Sequence[str]) -> None:
        """Run a command as root; StackError with its last words when it fails."""
        if os.geteuid() == 0:
            _run(command)
        elif shutil.which("sudo"):
            _run(["sudo", *command])
        else:
            raise StackError(
                "This needs root's rights once, and there is no sudo; run as root:\n  "
                + " ".join(command)
            )

    def missing(self, packages: Iterable[str]) -> list[str]:
        """Those of the packages that are not installed."""
        return [name for name in packages if self.version(name) is None]

    def newest(self, pattern: str) -> str | None:
        """The installable package with the highest number among those that fit the pattern."""
        return newest_of(_run(["apt-cache", "search", "--names-only", pattern]))

    def update(self) -> None:
        self.privileged(["apt-get", "update", "--quiet"])

    def install(self, packages: Sequence[str]) -> None:
        """Install packages, without questions and without what they only recommend."""
        self.privileged(
            [
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "install",
                "--yes",
                "--quiet",
                "--no-install-recommends",
                # Headers alone must not bring a new server, which would restart running clusters.
                "-oAPT::Get::Upgrade-By-Source-Package=false",
                *packages,
            ]
        )

    def mirror(self) -> str | None:
        """The archive that this machine itself uses; None before its first update."""
        form = "|".join(f"$({field})" for field in _FIELDS)
        return main_mirror(_run(["apt-get", "indextargets", "--format", form]))

    def fetch_source(self, package: str, *, release: str, mirror: str, folder: Path) -> Path:
        """Unpack the release's source of a package in `folder`; returns its top folder."""
        if not _KEYRING.is_file():
            raise StackError(f"{_KEYRING} is missing; install debian-archive-keyring")
        (folder / "lists" / "partial").mkdir(parents=True)
        (folder / "cache" / "archives" / "partial").mkdir(parents=True)
        (folder / "sources.list").write_text(
            f"deb-src [signed-by={_KEYRING}] {mirror} {release} main\n", encoding="utf-8"
        )
        options = private_options(folder)
        _run(["apt-get", *options, "--quiet", "update"], folder=folder)
        _run(["apt-get", *options, "--quiet", "source", package], folder=folder)
        tops = [entry for entry in folder.glob(f"{package}-*") if entry.is_dir()]
        if len(tops) != 1:
            raise StackError(f"apt-get source {package} left {len(tops)} folders; expected one")
        return tops[0]

    def version(self, package: str) -> str | None:
        """The installed version; None when it is not installed."""
        result = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", package],
            capture_output=True,
            text=True,
            check=False,
        )
        status, _, version = result.stdout.partition(" ")
        return version if status == "installed" else None


def _run(command: Sequence[str], *, folder: Path | None = None) -> str:
    result = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        words = (result.stdout + result.stderr)[-2000:].strip()
        raise StackError(f"{' '.join(command)} failed; its words:\n{words}")
    return result.stdout


def _number(name: str) -> int:
    return int("".join(character for character in name if character.isdigit()) or 0)
