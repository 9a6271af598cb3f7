"""What a contender runs on, and how that is installed: beside the project, never into it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.stack.jars import kafka_version
from services.stack.templates import template_path

PROJECT = Path(__file__).parent.parent
PEERS = PROJECT / "benchmarks" / "peers"
INSTALLED = PROJECT / ".data" / "peers"


class NotInstalled(Exception):
    """An engine cannot be had on this machine; says why."""


class Engine(Protocol):
    """Something that a contender's program needs to run."""

    def install(self) -> None:
        """Fetch what is missing; nothing when it is all there. Raises NotInstalled."""

    def command(self, state: Path) -> list[str]:
        """The command that starts the program; `state` is a folder that outlives it."""


@dataclass(frozen=True)
class Project:
    """A module that needs no more than the project has installed."""

    module: str

    def install(self) -> None:
        """Nothing to do."""

    def command(self, state: Path) -> list[str]:
        """The Python that runs this benchmark."""
        return [sys.executable, "-m", self.module]


@dataclass(frozen=True)
class Virtual:
    """A module in a virtual environment of its own, with exactly the packages of a file."""

    requirements: str
    """requirements-<this>.txt beside the peers."""
    module: str

    @property
    def python(self) -> Path:
        file = PEERS / f"requirements-{self.requirements}.txt"
        content = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        return INSTALLED / f"{self.requirements}-{content}" / "bin" / "python"

    def install(self) -> None:
        """Make the environment; one that stopped half-way is made anew."""
        done = self.python.parent.parent / "installed"
        if done.is_file():
            return
        file = PEERS / f"requirements-{self.requirements}.txt"
        _run([sys.executable, "-m", "venv", "--clear", str(done.parent)])
        pip = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
        _run([*pip, "--requirement", str(file)])
        done.touch()

    def command(self, state: Path) -> list[str]:
        """The environment's Python."""
        return [str(self.python), "-m", self.module]


class Dataflow(Virtual):
    """A Bytewax dataflow, started by Bytewax itself, with a folder for its recovery."""

    def command(self, state: Path) -> list[str]:
        """Makes the recovery's files as well, unless an earlier start has."""
        if not any(state.iterdir()):
            _run([str(self.python), "-m", "bytewax.recovery", str(state), "1"])
        bytewax = [str(self.python), "-m", "bytewax.run", f"{self.module}:flow"]
        # A snapshot a second; none kept for a backup, as there is none.
        return [*bytewax, "--recovery-directory", str(state), "-s", "1", "-b", "0"]


@dataclass(frozen=True)
class Java:
    """The program in kafka_streams, built by Maven."""

    argument: str

    @property
    def _folder(self) -> Path:
        sources = sorted((PEERS / "kafka_streams").rglob("*.*"))
        content = hashlib.sha256(b"".join(f.read_bytes() for f in sources if f.is_file()))
        return INSTALLED / f"kafka-streams-{content.hexdigest()[:12]}"

    def install(self) -> None:
        """Compile it, against the client libraries of the broker's version."""
        done = self._folder / "installed"
        if done.is_file():
            return
        for tool, package in (("mvn", "maven"), ("javac", "default-jdk-headless")):
            if shutil.which(tool) is None:
                raise NotInstalled(f"{tool} is missing; install {package}")
        kafka = kafka_version(template_path("pom.xml").read_text(encoding="utf-8"))
        pom = PEERS / "kafka_streams" / "pom.xml"
        said = [f"-Dkafka.version={kafka}", f"-Dbuild.folder={self._folder}"]
        _run(["mvn", "--quiet", "--batch-mode", f"--file={pom}", *said, "compile"])
        done.touch()

    def command(self, state: Path) -> list[str]:
        """A heap as large as the broker's."""
        path = f"{self._folder / 'classes'}{os.pathsep}{self._folder / 'libs'}/*"
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", "-Xmx512m", quiet, "-cp", path, "passage.Main", self.argument]


def _run(command: list[str]) -> None:
    environ = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        told = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "")
        raise NotInstalled(told.strip() or f"{command[0]} ended with {done.returncode}")
