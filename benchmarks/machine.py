"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import psycopg

from services.stack.jars import kafka_version
from services.stack.stack import Stack
from services.stack.templates import template_path


def machine(stack: Stack) -> str:
    """Processor, cores, memory, and the versions of what ran on them."""
    with psycopg.connect(stack.environ()["PASSAGE_DATABASE_ADMIN"]) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version'),"
            " (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb')"
        ).fetchone()
    postgres, timescaledb = row or ("?", "?")
    kafka = kafka_version(template_path("pom.xml").read_text(encoding="utf-8"))
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GiB;"
        f" Python {platform.python_version()}, Java {java.stderr.split(chr(34))[1]},"
        f" Kafka {kafka}, PostgreSQL {postgres.split()[0]}, TimescaleDB {timescaledb}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
