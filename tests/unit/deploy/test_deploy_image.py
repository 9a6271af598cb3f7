"""The image: it copies what exists, holds packages to their hashes and runs as nobody special."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from services.__main__ import _PARTS

# For a planner's own machine: each brings a hundred megabytes, or libraries that the image lacks.
HEAVY = {"matplotlib", "numpy", "pyarrow", "statsforecast", "weasyprint"}


@pytest.fixture(scope="module")
def dockerfile(project: Path) -> str:
    """The Dockerfile, one instruction a line."""
    text = (project / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    return text.replace("\\\n", " ")


def test_it_copies_what_exists_and_what_the_build_may_see(dockerfile: str, project: Path) -> None:
    ignore = (project / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    seen = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copied = set()
    for words in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE):
        *sources, _ = words.split()
        copied |= set(sources)
    assert copied == seen
    assert all((project / source).exists() for source in copied)


def test_secrets_stay_out_of_the_image(project: Path) -> None:
    ignore = (project / ".dockerignore").read_text(encoding="utf-8")
    assert not re.search(r"^!\.(env|data|git)", ignore, re.MULTILINE)
    assert "/.env" in (project / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_it_is_built_in_stages_and_the_last_one_builds_nothing(dockerfile: str) -> None:
    stages = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[1:]
    assert len(stages) == 2
    assert "pip" not in stages[-1]
    assert "apt" not in stages[-1]
    assert "--require-hashes" in stages[0]


def test_it_installs_what_its_commands_need_and_nothing_heavier(
    dockerfile: str, project: Path
) -> None:
    (listed,) = re.findall(r"'passage\[([a-z,]+)\]'", dockerfile)
    installed = listed.split(",")
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = metadata["optional-dependencies"]
    # Of every command that has an extra; those without one start a stack on a developer's machine.
    parts = {module.split(".")[1] for module, _ in _PARTS.values()}
    assert installed == sorted({*(parts & set(extras)), "dashboards", "traces"})
    assert not _packages(installed, extras) & HEAVY


def _packages(names: Iterable[str], extras: dict[str, list[str]]) -> set[str]:
    """The packages that these extras ask for themselves, those of extras in extras included."""
    found: set[str] = set()
    for requirement in (requirement for name in names for requirement in extras[name]):
        inner = re.match(r"passage\[([a-z,]+)\]", requirement)
        if inner:
            found |= _packages(inner[1].split(","), extras)
        else:
            found |= set(re.findall(r"^[a-z0-9-]+", requirement))
    return found


def test_its_base_is_pinned_and_names_no_host(dockerfile: str) -> None:
    (base,) = re.findall(r"^ARG PYTHON_IMAGE=(.*)$", dockerfile, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


def test_it_runs_passage_as_a_user_without_rights(dockerfile: str) -> None:
    assert re.findall(r"^USER (.*)$", dockerfile, re.MULTILINE)[-1] == "10001:10001"
    assert re.findall(r"^ENTRYPOINT (.*)$", dockerfile, re.MULTILINE) == ['["passage"]']
    assert "PYTHONUNBUFFERED=1" in dockerfile


def test_the_registry_is_where_commands_look_for_it(dockerfile: str) -> None:
    # `provision all` and `simulate` take deploy/registry.yaml below the folder they start in.
    assert "WORKDIR /app\nCOPY deploy/registry.yaml deploy/registry.yaml\n" in dockerfile
