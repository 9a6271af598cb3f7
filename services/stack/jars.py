"""Kafka's jars, fetched once with Maven and shared by every stack that has the same cache."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from services.stack.errors import StackError
from services.stack.report import Report
from services.stack.templates import template_path

_POM_NAMESPACE = {"pom": "http://maven.apache.org/POM/4.0.0"}


def kafka_version(pom: str) -> str:
    """The version that the pom asks for."""
    version = ET.fromstring(pom).findtext("pom:properties/pom:kafka.version", "", _POM_NAMESPACE)
    if not version:
        raise StackError("deploy/local/pom.xml names no kafka.version")
    return version


class KafkaJars:
    """The folder of jars in the cache; there whole or not at all."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    @property
    def folder(self) -> Path:
        pom = template_path("pom.xml").read_text(encoding="utf-8")
        return self._cache / f"kafka-{kafka_version(pom)}"

    def are_there(self) -> bool:
        return self.folder.is_dir()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def fetch(self, report: Report) -> None:
        """Fetch the jars unless they are there."""
        folder = self.folder
        if folder.is_dir():
            return
        maven = shutil.which("mvn")
        if maven is None:
            raise StackError("Maven (mvn) is missing; run deploy/local/bootstrap.sh, or install it")
        self._cache.mkdir(parents=True, exist_ok=True)
        with (
            report(f"Fetching Apache {folder.name.replace('-', ' ').title()} (54 MB)"),
            tempfile.TemporaryDirectory(dir=self._cache, prefix=f"{folder.name}.") as partial,
        ):
            jars = Path(partial) / "jars"
            result = subprocess.run(
                [
                    maven,
                    "--quiet",
                    "--batch-mode",
                    f"--file={template_path('pom.xml')}",
                    "dependency:copy-dependencies",
                    f"-DoutputDirectory={jars}",
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode != 0 or not any(jars.glob("*.jar")):
                raise StackError(
                    f"Maven could not fetch Kafka; its words:\n{result.stdout[-2000:].strip()}"
                )
            try:
                jars.rename(folder)
            except OSError:
                # Another stack with the same cache was quicker: its jars are as good.
                if not folder.is_dir():
                    raise
