"""The stack's settings come from the environment, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.stack.errors import StackError
from services.stack.settings import StackSettings, project_folder

PROJECT = Path("/srv/passage")


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = StackSettings.from_environ({}, project=PROJECT)
    assert settings == StackSettings(PROJECT / ".data", kafka_port=19092, postgres_port=15432)


def test_every_setting_can_be_changed() -> None:
    environ = {
        "PASSAGE_HOME": "/var/lib/passage",
        "PASSAGE_KAFKA_PORT": "29092",
        "PASSAGE_POSTGRES_PORT": "25432",
    }
    settings = StackSettings.from_environ(environ, project=PROJECT)
    assert settings == StackSettings(
        Path("/var/lib/passage"), kafka_port=29092, postgres_port=25432
    )


def test_a_relative_home_is_in_the_project() -> None:
    settings = StackSettings.from_environ({"PASSAGE_HOME": ".data/test"}, project=PROJECT)
    assert settings.home == PROJECT / ".data" / "test"


def test_an_empty_value_is_no_value() -> None:
    environ = {"PASSAGE_HOME": "", "PASSAGE_KAFKA_PORT": "", "PASSAGE_POSTGRES_PORT": " "}
    assert StackSettings.from_environ(environ, project=PROJECT) == StackSettings.from_environ(
        {}, project=PROJECT
    )


@pytest.mark.parametrize("port", ["kafka", "-1", "0", "80", "65535", "99999", "1_9092", "١٩٠٩٢"])
@pytest.mark.parametrize("name", ["PASSAGE_KAFKA_PORT", "PASSAGE_POSTGRES_PORT"])
def test_an_impossible_port_is_refused_by_name(name: str, port: str) -> None:
    with pytest.raises(StackError, match=name):
        StackSettings.from_environ({name: port}, project=PROJECT)


@pytest.mark.parametrize("postgres_port", ["19092", "19093"])
def test_the_database_cannot_have_a_port_of_kafka(postgres_port: str) -> None:
    with pytest.raises(StackError, match="PASSAGE_POSTGRES_PORT"):
        StackSettings.from_environ({"PASSAGE_POSTGRES_PORT": postgres_port}, project=PROJECT)


def test_the_project_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    inside = tmp_path / "services" / "stack"
    inside.mkdir(parents=True)
    assert project_folder(inside) == tmp_path


def test_outside_any_project_it_is_the_one_that_this_code_is_from(tmp_path: Path) -> None:
    assert (project_folder(tmp_path) / "services" / "stack" / "settings.py").is_file()
