"""The mirror is the machine's own, and a private apt leaves the machine's lists alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from services.stack.apt import Apt, main_mirror, newest_of, private_options
from services.stack.report import silent
from services.stack.timescaledb import match_server_to_headers

MAIN = "http://mirror.example/debian/"
TARGETS = f"""\
Debian|main|bookworm-security|http://mirror.example/debian-security/
Other vendor|main|stable|http://vendor.example/apt/
Debian|contrib|bookworm|http://mirror.example/contrib/
Debian|main|bookworm-updates|http://mirror.example/updates/
Debian|main|bookworm|{MAIN}
Debian|main|bookworm|http://second.example/debian/
"""


def test_the_mirror_is_debians_own_main_archive() -> None:
    assert main_mirror(TARGETS) == MAIN


def test_before_the_first_update_no_mirror_is_known() -> None:
    assert main_mirror("") is None
    # The address is known then, but not yet whose archive it is.
    assert main_mirror(f"|main||{MAIN}\n") is None


def test_a_security_archive_alone_is_no_mirror() -> None:
    assert main_mirror(TARGETS.splitlines()[0]) is None


def test_a_strange_line_is_passed_over() -> None:
    assert main_mirror(f"a warning\nDebian|main|bookworm|{MAIN}\n") == MAIN


def test_a_private_apt_keeps_everything_in_its_folder() -> None:
    options = private_options(Path("/var/tmp/build"))
    assert "-oDir::Etc::SourceList=/var/tmp/build/sources.list" in options
    assert "-oDir::Etc::SourceParts=/dev/null" in options
    assert "-oDir::State::Lists=/var/tmp/build/lists" in options
    assert "-oDir::Cache=/var/tmp/build/cache" in options


def test_the_newest_package_is_the_one_with_the_highest_number() -> None:
    found = """\
postgresql-9-timescaledb - scalable time-series database (9)
postgresql-17-timescaledb - scalable time-series database (17)
postgresql-15-timescaledb - scalable time-series database (15)
"""
    assert newest_of(found) == "postgresql-17-timescaledb"
    assert newest_of("") is None


class AptWith(Apt):
    """An apt that knows versions and remembers what it was told to do."""

    def __init__(self, versions: dict[str, str]) -> None:
        self.versions = versions
        self.installed: list[str] = []

    def version(self, package: str) -> str | None:
        return self.versions.get(package)

    def privileged(self, command: Sequence[str]) -> None:
        """Nothing is done."""

    def install(self, packages: Sequence[str]) -> None:
        self.installed += packages


@pytest.mark.parametrize(("server", "installed"), [("15.20-0", []), ("15.18-0", ["postgresql-15"])])
def test_a_server_that_is_older_than_its_headers_is_brought_to_their_version(
    server: str, installed: list[str]
) -> None:
    apt = AptWith({"postgresql-15": server, "postgresql-server-dev-15": "15.20-0"})
    match_server_to_headers(apt, 15, silent)
    assert apt.installed == installed
