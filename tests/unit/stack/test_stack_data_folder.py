"""PostgreSQL's data is in the home where its account can reach it, and elsewhere where not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.stack.account import Account, DataFolder
from services.stack.errors import StackError

OURSELVES = Account()


def reachable(_: Path) -> bool:
    return True


def unreachable(_: Path) -> bool:
    return False


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_a_reachable_home_holds_the_data(home: Path, elsewhere: Path) -> None:
    folder = DataFolder(home, elsewhere=elsewhere)
    assert folder.make(OURSELVES, can_enter=reachable) == home / "postgres"
    assert not folder.is_outside
    assert list(elsewhere.iterdir()) == []


def test_an_unreachable_home_remembers_where_the_data_is(home: Path, elsewhere: Path) -> None:
    made = DataFolder(home, elsewhere=elsewhere).make(OURSELVES, can_enter=unreachable)
    assert made.parent == elsewhere
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    later = DataFolder(home, elsewhere=elsewhere)
    assert (later.path, later.is_outside) == (made, True)
    # Also when the home has become reachable since.
    assert later.make(OURSELVES, can_enter=reachable) == made


def test_two_homes_have_two_folders(tmp_path: Path, elsewhere: Path) -> None:
    first = DataFolder(tmp_path / "one", elsewhere=elsewhere)
    second = DataFolder(tmp_path / "two", elsewhere=elsewhere)
    assert first.make(OURSELVES, can_enter=unreachable) != second.make(
        OURSELVES, can_enter=unreachable
    )


@pytest.mark.parametrize("can_enter", [reachable, unreachable])
def test_removing_leaves_nothing(home: Path, elsewhere: Path, can_enter: object) -> None:
    folder = DataFolder(home, elsewhere=elsewhere)
    made = folder.make(OURSELVES, can_enter=can_enter)  # type: ignore[arg-type]
    (made / "data").mkdir()
    folder.remove()
    assert list(home.iterdir()) == []
    assert list(elsewhere.iterdir()) == []
    assert not folder.is_outside


def test_the_folder_of_a_home_that_was_deleted_is_made_anew(home: Path, elsewhere: Path) -> None:
    folder = DataFolder(home, elsewhere=elsewhere)
    made = folder.make(OURSELVES, can_enter=unreachable)
    (made / "data").mkdir()
    (home / "postgres-folder").unlink()
    folder.make(OURSELVES, can_enter=unreachable)
    assert not (made / "data").exists()


def test_somebody_elses_folder_is_not_touched(home: Path, elsewhere: Path) -> None:
    folder = DataFolder(home, elsewhere=elsewhere)
    made = folder.make(OURSELVES, can_enter=unreachable)
    folder.remove()
    made.mkdir()
    (made / "letter").touch()
    with pytest.raises(StackError, match="not ours"):
        folder.make(OURSELVES, can_enter=unreachable)
    assert (made / "letter").exists()


def test_only_root_runs_the_server_as_somebody_else() -> None:
    assert Account.for_user_id(1000).command(["postgres"]) == ["postgres"]
    as_postgres = Account("postgres").command(["postgres", "-D", "/data"])
    assert as_postgres[0] == "setpriv"
    assert as_postgres[-4:] == ["--", "postgres", "-D", "/data"]
