"""Settings, and what of them comes from a local stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.runtime.settings import with_local_stack


@pytest.fixture
def stack_environ(tmp_path: Path) -> Path:
    file = tmp_path / "stack.env"
    file.write_text("# of the stack\nPASSAGE_KAFKA=127.0.0.1:19092\nPASSAGE_DATABASE_READER=its\n")
    return file


@pytest.mark.parametrize("own", [{}, {"PASSAGE_KAFKA_PORT": "29092"}, {"PASSAGE_WORKER": "one"}])
def test_a_local_stack_is_used_where_nothing_else_is_said(
    own: dict[str, str], stack_environ: Path
) -> None:
    found = with_local_stack(own, stack_environ)
    stack = {"PASSAGE_KAFKA": "127.0.0.1:19092", "PASSAGE_DATABASE_READER": "its"}
    assert found == stack | own


@pytest.mark.parametrize(
    "name", ["PASSAGE_KAFKA", "PASSAGE_KAFKA_USERNAME", "PASSAGE_DATABASE_OWNER"]
)
def test_a_deployment_never_falls_back_to_a_local_stack_by_half(
    name: str, stack_environ: Path
) -> None:
    assert with_local_stack({name: "elsewhere"}, stack_environ) == {name: "elsewhere"}
