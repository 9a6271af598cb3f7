"""The mirror is the machine's own, and a private apt leaves the machine's lists alone."""

from __future__ import annotations

from pathlib import Path

from services.stack.apt import main_mirror, newest_of, private_options

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
