from __future__ import annotations

from uuid import uuid4

import pytest
from click.testing import CliRunner

from services.provision.__main__ import provision


@pytest.fixture
def environ(empty_database_urls, stack) -> dict[str, str]:
    roles = ("admin", "owner", "writer", "reader")
    return {
        f"PASSAGE_DATABASE_{role.upper()}": getattr(empty_database_urls, role) for role in roles
    } | {
        "PASSAGE_KAFKA": stack.environ()["PASSAGE_KAFKA"],
        "PASSAGE_TOPIC_PREFIX": f"t{uuid4().hex[:8]}.",
    }


def test_one_command_makes_everything_and_again_nothing(environ):
    def run(*arguments: str) -> list[str]:
        result = CliRunner().invoke(provision, arguments, env=environ)
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    assert any("would make database" in line for line in run("all", "--dry-run"))
    assert any("add 6 sites" in line for line in run("all"))
    assert [line.partition(" (")[0] for line in run("all") if "left out" not in line] == [
        "database: nothing to change",
        "topics: nothing to change",
        "registry: nothing to change",
    ]
