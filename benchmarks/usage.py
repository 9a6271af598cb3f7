"""What processes used of the machine, from Linux's /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(root_pid: int) -> float:
    """CPU seconds of a process, of all below it, and of those below it that have ended."""
    children = _children()
    total, waiting = 0.0, [root_pid]
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        fields = _stat(pid)
        if fields:
            # utime, stime, cutime, cstime
            total += sum(map(int, fields[11:15])) / _TICKS_PER_S
    return total


def peak_mb_of_all(root_pid: int) -> float:
    """The most memory of a process and of each that is below it now, in MB."""
    children = _children()
    total, waiting = 0.0, [root_pid]
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        try:
            total += peak_mb(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def peak_mb(pid: int) -> float:
    """The most memory that a process has had in RAM at one time, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    return children


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; none when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
