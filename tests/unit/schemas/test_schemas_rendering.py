from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas import rendering
from schemas.__main__ import main
from schemas.topics import all_topics


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds what the models render."""
    rendering.write(tmp_path)
    return tmp_path


def run(command: str, folder: Path | None = None, *options: str) -> Result:
    place = [f"--folder={folder}"] if folder else []
    return CliRunner().invoke(main, [command, *place, *options])


def edit(folder: Path, name: str, *path: str, to: Any) -> None:
    """Make the committed file differ from what the models render."""
    file = folder / f"{name}.schema.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    holder = schema
    for key in path[:-1]:
        holder = holder[key]
    if to is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = to
    file.write_text(json.dumps(schema), encoding="utf-8")


def test_rendering_twice_gives_the_same_bytes(folder: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    rendering.write(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert all(text.endswith(b"}\n") and b"\r" not in text for text in before.values())


def test_keys_and_required_fields_are_sorted() -> None:
    def all_sorted(node: Any) -> bool:
        if isinstance(node, dict):
            required = node.get("required", [])
            return (
                list(node) == sorted(node)
                and required == sorted(required)
                and all(map(all_sorted, node.values()))
            )
        return not isinstance(node, list) or all(map(all_sorted, node))

    assert all(all_sorted(json.loads(text)) for text in rendering.rendered().values())


def test_check_is_content_when_nothing_changed(folder: Path) -> None:
    result = run("check", folder)
    assert (result.exit_code, result.output) == (
        0,
        f"{len(rendering.contracts())} schemas are as committed\n",
    )


def test_check_asks_to_render_a_benign_change(folder: Path) -> None:
    edit(folder, "called.v1", "properties", "desk", to=None)
    result = run("check", folder)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "called.v1",
        "  benign: desk is new and optional, consumers first",
        "  → run python -m schemas render, and commit the result with the change",
    ]
    assert run("render", folder).exit_code == 0
    assert run("check", folder).exit_code == 0


def test_check_asks_for_a_further_version_on_a_breaking_change(folder: Path) -> None:
    edit(folder, "called.v1", "properties", "seq", "minimum", to=0)
    result = run("check", folder)
    assert result.exit_code == 1
    assert "breaking: seq minimum: 0 → 1" in result.output
    assert "leave called.v1 as it is and declare called.v2 beside it" in result.output


def test_render_writes_no_breaking_change_unless_told_to(folder: Path) -> None:
    edit(folder, "called.v1", "properties", "seq", "minimum", to=0)
    assert run("render", folder).exit_code == 1
    assert run("check", folder).exit_code == 1
    assert run("render", folder, "--accept-breaking").exit_code == 0
    assert run("check", folder).exit_code == 0


def test_a_schema_whose_model_is_gone_is_breaking(folder: Path) -> None:
    stray = folder / "ticket_torn.v1.schema.json"
    stray.write_text("{}", encoding="utf-8")
    assert "breaking: is gone" in run("check", folder).output
    assert run("render", folder).exit_code == 1
    assert run("render", folder, "--accept-breaking").exit_code == 0
    assert not stray.exists()


def test_another_way_of_writing_the_same_is_rendered_again(folder: Path) -> None:
    edit(folder, "called.v1", "title", to="Called")
    assert "benign: is written otherwise\n" in run("check", folder).output


def test_every_topic_is_listed() -> None:
    lines = run("topics").output.splitlines()
    assert [line.split()[0] for line in lines] == ["topic", *(t.name for t in all_topics())]


@pytest.mark.parametrize("command", ["render", "check", "topics"])
def test_help_says_what_a_command_does(command: str) -> None:
    assert command in CliRunner().invoke(main, ["--help"]).output
    assert run(command, None, "-h").output.startswith("Usage:")
