"""The broker: one Apache Kafka node in KRaft mode, on the loopback."""

from __future__ import annotations

import base64
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

from services.stack import ports
from services.stack.errors import StackError
from services.stack.jars import KafkaJars
from services.stack.process import ServerProcess
from services.stack.settings import KAFKA_PORT
from services.stack.templates import render

_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 30.0
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
    # Prints some 600 settings at every start and nothing that server.properties does not say.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",
)


@dataclass(frozen=True)
class Door:
    """Another door than the open one of the loopback: who may come in, and how it is asked."""

    properties: Mapping[str, str]
    """Over those of the template, `$port` and `$controller_port` filled in."""
    format_arguments: Sequence[str] = ()
    """For the storage tool: the first users, `--add-scram …`."""
    client: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Arguments of the client that asks whether the broker answers."""


class KafkaServer:
    """A real broker whose data, log and pid file are in `home`; it outlives this process."""

    def __init__(
        self,
        home: Path,
        port: int,
        jars: KafkaJars,
        *,
        heap_mb: int = 512,
        door: Door | None = None,
    ) -> None:
        self.port = port
        self._door = door or Door({})
        self._home = home
        self._jars = jars
        self._heap_mb = heap_mb
        self._data = home / "data"
        self._properties = home / "server.properties"
        self._process = ServerProcess("Kafka", home / "kafka.pid", home / "kafka.log")

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"{ports.LOOPBACK}:{self.port}"

    @property
    def controller_port(self) -> int:
        return self.port + 1

    @property
    def log(self) -> Path:
        return self._process.log

    @property
    def pid(self) -> int | None:
        identity = self._process.identity()
        return identity.pid if identity else None

    def is_running(self) -> bool:
        return self._process.is_running()

    def start(self) -> None:
        """Return when the broker answers requests; nothing is done when it runs already."""
        if not self.is_running():
            for port in (self.port, self.controller_port):
                ports.require_free(port, wanted_by="Kafka", setting=KAFKA_PORT)
            self._configure()
            self._format()
            self._process.start([*self._java(self._heap_mb), "kafka.Kafka", str(self._properties)])
        self._process.await_ready(self._answers, timeout_s=_START_TIMEOUT_S)

    def stop(self) -> None:
        """Let the broker close its log files; one that does not end in time is killed."""
        self._process.stop(signal.SIGTERM, timeout_s=_STOP_TIMEOUT_S)

    def kill(self) -> None:
        """SIGKILL, as a power cut would; `start` brings the broker back with what it had."""
        self._process.kill()

    def remove(self) -> None:
        """Remove the stopped broker's data, settings and log."""
        shutil.rmtree(self._home, ignore_errors=True)

    def _configure(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        text = render(
            "server.properties",
            port=self.port,
            controller_port=self.controller_port,
            data=str(self._data),
        )
        # Of a key that is there twice, Kafka takes the last.
        for key, value in self._door.properties.items():
            filled = Template(value).substitute(
                port=self.port, controller_port=self.controller_port
            )
            text += f"{key}={filled}\n"
        self._properties.write_text(text, encoding="utf-8")

    def _format(self) -> None:
        if (self._data / "meta.properties").is_file():
            return
        # What StorageTool's `random-uuid` prints, without a second for a JVM of its own; an id must
        # not begin with a dash.
        cluster = "-"
        while cluster.startswith("-"):
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        result = subprocess.run(
            [
                *self._java(64),
                "kafka.tools.StorageTool",
                "format",
                "--cluster-id",
                cluster,
                "--config",
                str(self._properties),
                *self._door.format_arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            words = (result.stdout + result.stderr)[-2000:].strip()
            raise StackError(f"Kafka could not format {self._data}; its words:\n{words}")

    def _java(self, heap_mb: int) -> list[str]:
        java = shutil.which("java")
        if java is None:
            raise StackError("Java is missing; run deploy/local/bootstrap.sh, or install Java 17")
        if not self._jars.are_there():
            raise StackError(f"{self._jars.folder} is missing; run `passage stack up` first")
        return [
            java,
            f"-Xmx{heap_mb}m",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.net.preferIPv4Stack=true",
            *_LOGGING,
            "-cp",
            f"{self._jars.folder}/*",
        ]

    def _answers(self) -> bool:
        # Loading the client takes longer than all of `passage stack status`, which does without.
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        # A port that accepts is not a broker that answers; but asking before that only fills logs.
        if not ports.answers(self.port):
            return False
        try:
            client = KafkaAdminClient(
                bootstrap_servers=self.bootstrap,
                bootstrap_timeout_ms=2000,
                request_timeout_ms=2000,
                **self._door.client,
            )
        except KafkaError:
            return False
        try:
            return len(client.describe_cluster()["brokers"]) == 1
        except KafkaError:
            return False
        finally:
            client.close()
