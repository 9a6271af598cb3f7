"""Where the stack lives and which ports it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.stack.errors import StackError

HOME = "PASSAGE_HOME"
KAFKA_PORT = "PASSAGE_KAFKA_PORT"
POSTGRES_PORT = "PASSAGE_POSTGRES_PORT"

DEFAULT_KAFKA_PORT = 19092
DEFAULT_POSTGRES_PORT = 15432


@dataclass(frozen=True)
class StackSettings:
    """The stack's folder and ports; Kafka's controller takes the port after Kafka's own."""

    home: Path
    kafka_port: int = DEFAULT_KAFKA_PORT
    postgres_port: int = DEFAULT_POSTGRES_PORT

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, project: Path) -> StackSettings:
        """Read the settings; a relative home is taken from the project folder.

        Raises StackError that names the variable when a value cannot be used.
        """
        kafka_port = _port(environ, KAFKA_PORT, DEFAULT_KAFKA_PORT)
        postgres_port = _port(environ, POSTGRES_PORT, DEFAULT_POSTGRES_PORT)
        if postgres_port in (kafka_port, kafka_port + 1):
            raise StackError(
                f"{POSTGRES_PORT} is {postgres_port}, but Kafka takes {kafka_port} and "
                f"{kafka_port + 1}; set {POSTGRES_PORT} or {KAFKA_PORT} to another port"
            )
        home = Path(environ.get(HOME) or ".data").expanduser()
        return cls(
            home=(project / home).resolve(), kafka_port=kafka_port, postgres_port=postgres_port
        )


def project_folder(start: Path) -> Path:
    """The project's folder: the nearest one above `start` with its sources, else this file's."""
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "services" / "stack").is_dir():
            return folder
    return Path(__file__).resolve().parents[2]


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    # 65534 and not 65535: Kafka needs the next port too.
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= 65534:
        raise StackError(f"{name} is {text!r}; expected a port from 1024 to 65534")
    return int(text)
