from __future__ import annotations

import pytest
from click.testing import CliRunner

from services.provision.__main__ import provision

NOBODY = "127.0.0.1:1"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command with settings of its own; none from the local stack."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, **environ: str):
        return CliRunner().invoke(provision, arguments, env=environ)

    return invoke


def test_help_names_every_setting_and_exit_code(run):
    text = run("--help").output
    for role in ("ADMIN", "OWNER", "WRITER", "READER"):
        assert f"PASSAGE_DATABASE_{role}" in text
    for name in ("PASSAGE_KAFKA", "PASSAGE_TOPIC_PREFIX", "PASSAGE_REPLICATION_FACTOR"):
        assert name in text


def test_a_missing_setting_is_named_and_ends_with_2(run):
    result = run("database")
    assert result.exit_code == 2
    assert "PASSAGE_DATABASE_OWNER is not set; expected postgresql://" in result.output


def test_a_wrong_url_is_named_without_its_password_and_ends_with_2(run):
    result = run("registry", "x.yaml", PASSAGE_DATABASE_OWNER="mysql://user:s3cret@host/base")
    assert result.exit_code == 2
    assert "PASSAGE_DATABASE_OWNER" in result.output
    assert "s3cret" not in result.output


def test_a_missing_file_ends_with_1(run):
    result = run("registry", "x.yaml", PASSAGE_DATABASE_OWNER=f"postgresql://u:s3cret@{NOBODY}/b")
    assert result.exit_code == 1
    assert "x.yaml cannot be read" in result.output


def test_a_server_that_is_not_there_ends_with_1_and_the_remedy(run):
    url = "postgresql://{}:s3cret@" + NOBODY + "/base"
    roles = ("owner", "writer", "reader")
    settings = {f"PASSAGE_DATABASE_{role.upper()}": url.format(role) for role in roles}
    result = run("database", **settings)
    assert result.exit_code == 1
    assert f"owner@{NOBODY}/base" in result.output
    assert "check that the server runs" in result.output
    assert "s3cret" not in result.output


def test_an_unknown_command_ends_with_2(run):
    assert run("everything").exit_code == 2
