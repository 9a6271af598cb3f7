"""A pid file leads to the server that wrote it, and to no other process."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from services.stack.process import Identity, ProcessStat, ServerProcess, parse_stat, read_stat

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def this_process() -> Identity:
    stat = read_stat(os.getpid())
    assert stat is not None
    return Identity(os.getpid(), stat.started_ticks, BOOT)


def server_with_pid_file(folder: Path, text: str) -> ServerProcess:
    (folder / "server.pid").write_text(text, encoding="utf-8")
    return ServerProcess("Server", folder / "server.pid", folder / "server.log")


def test_the_process_that_the_file_names_is_running(tmp_path: Path) -> None:
    server = server_with_pid_file(tmp_path, this_process().to_json())
    assert server.identity() == this_process()


def test_without_a_file_nothing_runs(tmp_path: Path) -> None:
    assert not ServerProcess("Server", tmp_path / "server.pid", tmp_path / "log").is_running()


def test_a_pid_that_was_given_to_another_program_does_not_count(tmp_path: Path) -> None:
    earlier = replace(this_process(), started_ticks=this_process().started_ticks - 1)
    assert not server_with_pid_file(tmp_path, earlier.to_json()).is_running()


def test_a_pid_of_an_earlier_boot_does_not_count(tmp_path: Path) -> None:
    earlier = replace(this_process(), boot="00000000-0000-0000-0000-000000000000")
    assert not server_with_pid_file(tmp_path, earlier.to_json()).is_running()


@pytest.mark.parametrize("text", ["", "1234\n", '{"pid": 1}', "[]", "not json", '{"pid": "x"}'])
def test_a_file_that_is_not_ours_counts_as_none(tmp_path: Path, text: str) -> None:
    assert not server_with_pid_file(tmp_path, text).is_running()


def test_stopping_and_killing_spare_a_foreign_process_and_forget_the_file(tmp_path: Path) -> None:
    foreign = replace(this_process(), started_ticks=this_process().started_ticks - 1)
    # Would end this very test run if the pid alone were believed.
    server_with_pid_file(tmp_path, foreign.to_json()).kill()
    assert not (tmp_path / "server.pid").exists()


def test_a_program_name_may_hold_spaces_and_brackets() -> None:
    fields = ["S", "17", *["0"] * 15, "2", "0", "4242", "0"]
    stat = parse_stat(f"99 (odd) (name :-) {' '.join(fields)}")
    assert stat == ProcessStat(state="S", parent=17, threads=2, started_ticks=4242)


@pytest.mark.parametrize(
    ("state", "threads", "is_dead"),
    [("Z", 1, True), ("X", 0, True), ("S", 1, False), ("Z", 40, False)],
)
def test_a_zombie_is_dead_when_all_its_threads_are(state: str, threads: int, is_dead: bool) -> None:
    stat = ProcessStat(state=state, parent=1, threads=threads, started_ticks=7)
    assert stat.is_dead is is_dead
