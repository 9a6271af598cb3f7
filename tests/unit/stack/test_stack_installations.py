"""The newest PostgreSQL is found, and whether it has TimescaleDB."""

from __future__ import annotations

from pathlib import Path

from services.stack.installations import installations


def install(root: Path, major: str, *, timescaledb: bool = False, server: bool = True) -> None:
    top = root / "usr/lib/postgresql" / major
    extension = root / "usr/share/postgresql" / major / "extension"
    for folder in (top / "bin", top / "lib", extension):
        folder.mkdir(parents=True)
    if server:
        (top / "bin" / "postgres").touch()
    if timescaledb:
        (top / "lib" / "timescaledb.so").touch()
        (extension / "timescaledb.control").touch()


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert installations(tmp_path) == []


def test_the_newest_comes_first_by_number(tmp_path: Path) -> None:
    for major in ("9", "17", "15"):
        install(tmp_path, major)
    assert [found.major for found in installations(tmp_path)] == [17, 15, 9]


def test_a_client_alone_is_no_server(tmp_path: Path) -> None:
    install(tmp_path, "16", server=False)
    assert installations(tmp_path) == []


def test_the_extension_is_seen(tmp_path: Path) -> None:
    install(tmp_path, "17")
    install(tmp_path, "15", timescaledb=True)
    assert [found.has_timescaledb for found in installations(tmp_path)] == [False, True]


def test_half_an_extension_is_none(tmp_path: Path) -> None:
    install(tmp_path, "17", timescaledb=True)
    (tmp_path / "usr/lib/postgresql/17/lib/timescaledb.so").unlink()
    assert not installations(tmp_path)[0].has_timescaledb
