from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.demo.boards import publish_boards
from services.provision.grafana.command import dashboards
from tests.grafana_stand_in import GrafanaStandIn
from tests.grafana_stand_in_server import PASSWORD, TOKEN, USER, Server

REGISTRY = Path(__file__).parents[3] / "deploy" / "registry.yaml"
DATABASE = "postgresql://reader:s3cret@127.0.0.1:5432/passage"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(GrafanaStandIn())
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def run(monkeypatch, tmp_path, server):
    """Run `publish` with settings of its own; none from the local stack."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, **environ: str):
        settings = {
            "GRAFANA_URL": server.url,
            "GRAFANA_TOKEN": TOKEN,
            "PASSAGE_DATABASE_READER": DATABASE,
            **environ,
        }
        every = ["publish", "--registry", str(REGISTRY), *arguments]
        return CliRunner().invoke(dashboards, every, env=settings)

    return invoke


def test_publishing_tells_each_change_and_then_that_there_is_nothing_to_change(run, server):
    first = run()
    assert first.exit_code == 0, first.output
    assert "dashboards: created data source Passage" in first.output
    assert "created alert rule Équipement muet pendant l’ouverture (passage-device-silent)" in (
        first.output
    )
    assert f"dashboards: {server.url}/dashboards/f/passage" in first.output
    second = run()
    assert second.exit_code == 0
    assert "dashboards: nothing to change" in second.output
    assert "s3cret" not in first.output + second.output


@pytest.mark.parametrize("flag", ["--diff", "--dry-run"])
def test_a_diff_ends_well_and_writes_nothing(run, server, flag):
    result = run(flag, "--language", "en")
    assert result.exit_code == 0
    assert "would create alert rule Device silent in opening hours" in result.output
    assert '+  "folderUID": "passage"' in result.output
    assert "s3cret" not in result.output
    assert server.grafana.writes == []


def test_english_and_french_differ_in_their_texts_only(run, server):
    run()
    result = run(PASSAGE_LANGUAGE="en")
    changed = [line for line in result.output.splitlines() if "alert rule" in line]
    assert len(changed) == len(server.grafana.rules)
    assert all(line.endswith(": annotations, title") for line in changed)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"GRAFANA_URL": "grafana:3000"}, "GRAFANA_URL is wrong"),
        ({"GRAFANA_URL": "http://admin:s3cret@grafana:3000"}, "GRAFANA_URL is wrong"),
        ({"GRAFANA_TOKEN": ""}, "GRAFANA_TOKEN is not set"),
        ({"GRAFANA_TOKEN": "", "GRAFANA_USER": USER}, "GRAFANA_TOKEN is not set"),
        ({"GRAFANA_TOKEN": "", "GRAFANA_TOKEN_FILE": "absent"}, "GRAFANA_TOKEN_FILE cannot"),
        ({"GRAFANA_CA_FILE": "absent"}, "GRAFANA_CA_FILE is wrong"),
        ({"PASSAGE_DATABASE_READER": ""}, "PASSAGE_DATABASE_READER is not set"),
        ({"PASSAGE_GRAFANA_DATABASE": "mysql://u:s3cret@h/b"}, "PASSAGE_GRAFANA_DATABASE is wrong"),
        ({"PASSAGE_LANGUAGE": "de"}, "PASSAGE_LANGUAGE is wrong"),
        ({"PASSAGE_ALERTS_SUPERVISOR": "the chief"}, "PASSAGE_ALERTS_SUPERVISOR is wrong"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_with_2(run, environ, named):
    result = run(**environ)
    assert result.exit_code == 2, result.output
    assert named in result.output
    assert "s3cret" not in result.output


def test_a_refusal_ends_with_1_and_the_remedy(run):
    result = run(GRAFANA_TOKEN="glsa_wr0ng")
    assert result.exit_code == 1
    assert "correct GRAFANA_TOKEN" in result.output
    assert "glsa_wr0ng" not in result.output


def test_a_password_may_come_from_a_file(run, tmp_path):
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    result = run(GRAFANA_TOKEN="", GRAFANA_USER=USER, GRAFANA_PASSWORD_FILE="password")
    assert result.exit_code == 0, result.output


def test_the_demo_publishes_where_it_may_and_else_says_how(server):
    environ = {"GRAFANA_URL": server.url, "PASSAGE_DATABASE_READER": DATABASE}
    note, line = publish_boards(environ, REGISTRY)
    assert note == "left alone"
    assert "GRAFANA_TOKEN" in line
    assert server.grafana.writes == []
    note, line = publish_boards({**environ, "GRAFANA_TOKEN": TOKEN}, REGISTRY)
    assert f"{server.url}/dashboards/f/passage" in line
    assert server.grafana.rules
    note, line = publish_boards({**environ, "GRAFANA_TOKEN": "glsa_wr0ng"}, REGISTRY)
    assert note == "not published"
    assert publish_boards({**environ, "GRAFANA_URL": f"{server.url}/elsewhere"}, REGISTRY) is None
