"""The database's contents: migrations, views, roles, rights and registry, beside the contracts."""

from __future__ import annotations

from typing import Any

import psycopg

from schemas.queries import load_queries
from services.doctor.deployment import Deployment, Role
from services.doctor.findings import CannotTell, Finding, problem, skipped
from services.doctor.rules.contracts import (
    RoleFacts,
    judge_dry_run,
    judge_registry,
    judge_rights,
    judge_role,
)
from services.provision import migrations as provision_migrations
from services.provision import registry_file, rights, roles
from services.provision.errors import InvalidRegistry, ProvisionError
from services.provision.files import SQL
from services.provision.report import Changes, silent
from services.runtime.registry import NoRegistry, read_registry

_WORKING_ROLES: tuple[tuple[Role, dict[str, str]], ...] = (
    ("owner", roles.OWNER_SETTINGS),
    ("writer", roles.WRITER_SETTINGS),
    ("reader", roles.READER_SETTINGS),
)


def migrations(deployment: Deployment) -> list[Finding]:
    """What was applied, beside the files: nothing missing, nothing changed since."""
    with deployment.session("owner") as session:
        changes = Changes(silent)
        try:
            provision_migrations.migrate(session, SQL / "migrations", changes, dry_run=True)
        except ProvisionError as error:
            sentence, _, remedy = str(error).partition("; ")
            return [problem(sentence, remedy)]
    return judge_dry_run("migrations", changes.made, [], "run `passage provision database`")


def views(deployment: Deployment) -> list[Finding]:
    """Whether each view is there, and made from the file that this program has."""
    with deployment.session("owner") as session:
        changes = Changes(silent)
        provision_migrations.reapply_views(session, SQL / "views", changes, dry_run=True)
    return judge_dry_run("views", changes.made, [], "run `passage provision database`")


def working_roles(deployment: Deployment) -> list[Finding]:
    """What each role is, apart from its rights on tables."""
    found: list[Finding] = []
    query = load_queries("services.provision")["found_role"]
    for role, wanted in _WORKING_ROLES:
        if (address := deployment.address(role)) is None:
            found.append(skipped(f"{role}: needs PASSAGE_DATABASE_{role.upper()}"))
            continue
        with deployment.session(role) as session:
            row = session.execute(query, {"role": address.user}).fetchone()
        if row is None:
            raise CannotTell(f"{address.user} is no role of its own on this server")
        settings = dict(setting.split("=", 1) for setting in row[2])
        found += judge_role(role, RoleFacts(address.user, row[0], row[1], settings), wanted)
    return found


def rights_of_roles(deployment: Deployment) -> list[Finding]:
    """What writer and reader may do, by whatever way they came to it: each is asked itself."""
    found: list[Finding] = []
    for role in ("writer", "reader"):
        if deployment.address(role) is None:
            found.append(skipped(f"{role}: needs PASSAGE_DATABASE_{role.upper()}"))
        else:
            found += _rights(deployment, role)
    return found


def _rights(deployment: Deployment, role: Role) -> list[Finding]:
    queries = load_queries("services.doctor")
    with deployment.session(role) as session:
        subjects = {rights.Subject(*row) for row in _rows(session, queries["objects"])}
        may = {
            rights.Right(rights.Subject(kind, name), role, privilege)
            for kind, name, privilege in _rows(session, queries["may"])
        }
    wanted = rights.wanted(subjects, rights.Readers("writer", "reader"))
    return judge_rights(role, may, {right for right in wanted if right.role == role})


def registry(deployment: Deployment) -> list[Finding]:
    """The newest revision, and the file's difference from it when a file is given."""
    with deployment.session("writer", "owner") as session:
        try:
            revision, loaded = read_registry(session)
        except NoRegistry as error:
            sentence, _, remedy = str(error).partition("; ")
            return [problem(sentence, remedy)]
    file = None
    if deployment.registry_file is not None:
        try:
            file = registry_file.read(deployment.registry_file)
        except InvalidRegistry as error:
            return [problem(str(error), "correct the file")]
    return [judge_registry(revision, loaded, file, deployment.now().date())]


def _rows(session: psycopg.Connection[Any], query: Any) -> list[tuple[Any, ...]]:
    return session.execute(query, {}).fetchall()
