"""Passwords are made once, kept private, and written into addresses that others read."""

from __future__ import annotations

import stat
from pathlib import Path

from services.stack.credentials import Passwords, environment, render_env, write_private

ROLES = ("passage_admin", "passage_owner", "passage_writer", "passage_reader")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_role_has_a_password_of_its_own(tmp_path: Path) -> None:
    passwords = Passwords(tmp_path / "passwords.json").load()
    assert set(passwords) == set(ROLES)
    assert len(set(passwords.values())) == len(ROLES)


def test_passwords_stay_the_same(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    assert Passwords(path).load() == Passwords(path).load()


def test_a_role_that_is_new_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    path.write_text('{"passage_admin": "old"}', encoding="utf-8")
    passwords = Passwords(path, make=lambda: "new").load()
    assert passwords == dict.fromkeys(ROLES, "new") | {"passage_admin": "old"}


def test_passwords_are_private(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    Passwords(path).load()
    assert mode(path) == 0o600


def test_a_private_file_is_private_even_where_a_public_one_was(tmp_path: Path) -> None:
    path = tmp_path / "stack.env"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_the_environment_leads_every_role_to_its_database() -> None:
    environ = environment(
        {role: f"secret-of-{role}" for role in ROLES},
        bootstrap="127.0.0.1:19092",
        postgres_address="127.0.0.1:15432",
    )
    address = "127.0.0.1:15432"
    assert environ == {
        "PASSAGE_KAFKA": "127.0.0.1:19092",
        "PASSAGE_DATABASE_ADMIN": (
            f"postgresql://passage_admin:secret-of-passage_admin@{address}/postgres"
        ),
        "PASSAGE_DATABASE_OWNER": (
            f"postgresql://passage_owner:secret-of-passage_owner@{address}/passage"
        ),
        "PASSAGE_DATABASE_WRITER": (
            f"postgresql://passage_writer:secret-of-passage_writer@{address}/passage"
        ),
        "PASSAGE_DATABASE_READER": (
            f"postgresql://passage_reader:secret-of-passage_reader@{address}/passage"
        ),
    }


def test_the_environment_file_has_one_setting_a_line() -> None:
    assert render_env({"A": "1", "B": "x=y"}) == "A=1\nB=x=y\n"


def test_a_made_password_needs_no_quoting_in_an_address_or_a_shell(tmp_path: Path) -> None:
    for password in Passwords(tmp_path / "passwords.json").load().values():
        assert password.replace("-", "").replace("_", "").isalnum()
        assert len(password) >= 32
