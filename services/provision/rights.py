"""Who may do what: the processor writes its tables, readers see views, others see nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from schemas.queries import load_queries
from services.provision.report import Changes

PUBLIC = "PUBLIC"

WRITTEN = frozenset(
    {
        "visit_event",
        "event_seen",
        "dead_letter",
        "visit",
        "footfall",
        "footfall_wait",
        "footfall_day",
        "footfall_wait_day",
        "transfer",
        "coverage",
        "device_boot",
        "restatement",
        "changed",
        "publication",
        "published_report",
        "published_figure",
        "consumer_lag",
        "import_run",
        "imported_bucket",
        "imported_day",
    }
)
"""Tables of the processor."""

REFERENCE = frozenset(
    {
        "registry_revision",
        "site",
        "directorate",
        "service",
        "queue",
        "desk",
        "device",
        "opening_hours",
        "closed_day",
        "purge",
    }
)
"""Tables that the processor and the audit read; only the owner writes them."""

PRIVATE = frozenset({"migration", "applied_file"})
"""Tables of the owner alone. A test holds every table to be in one of the three."""

_KEYWORDS = {
    "database": "DATABASE",
    "schema": "SCHEMA",
    "table": "TABLE",
    "view": "TABLE",
    "sequence": "SEQUENCE",
    "function": "FUNCTION",
}

_SELECT: Set[str] = frozenset({"SELECT"})
_WRITE: Set[str] = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_NONE: Set[str] = frozenset()


class Subject(NamedTuple):
    """Something that rights are about, as the catalogue names it."""

    kind: str
    name: str


class Right(NamedTuple):
    """One privilege of one role."""

    subject: Subject
    role: str
    privilege: str


@dataclass(frozen=True, slots=True)
class Readers:
    """The two roles that are granted anything."""

    writer: str
    reader: str


def wanted(subjects: Iterable[Subject], roles: Readers) -> set[Right]:
    """The rights that the roles shall have; PUBLIC has none."""
    rights = set()
    for subject in subjects:
        writer, reader = _privileges(subject)
        rights |= {Right(subject, roles.writer, privilege) for privilege in writer}
        rights |= {Right(subject, roles.reader, privilege) for privilege in reader}
    return rights


def _privileges(subject: Subject) -> tuple[Set[str], Set[str]]:
    match subject.kind:
        case "database":
            # The processor receives each batch in a temporary table.
            return frozenset({"CONNECT", "TEMPORARY"}), frozenset({"CONNECT"})
        case "schema":
            return frozenset({"USAGE"}), frozenset({"USAGE"})
        case "table" if subject.name in WRITTEN:
            return _WRITE, _NONE
        case "table" if subject.name in REFERENCE:
            return _SELECT, _NONE
        case "view":
            # The audit reads the ledger as the writer.
            return _SELECT, _SELECT
        case "function":
            # They run with the rights of their caller, so they open nothing; and PostgreSQL checks
            # the functions in a view against whoever reads the view.
            return frozenset({"EXECUTE"}), frozenset({"EXECUTE"})
        case _:
            return _NONE, _NONE


def align(
    connection: psycopg.Connection[Any], roles: Readers, changes: Changes, *, dry_run: bool
) -> None:
    """Grant what is missing and revoke what is too much, for PUBLIC, writer and reader.

    Rights of other roles are left alone. Runs as the owner, in the caller's transaction;
    TimescaleDB passes a hypertable's rights on to its chunks, present and future.
    """
    rows = connection.execute(load_queries("services.provision")["rights"]).fetchall()
    subjects = {Subject(row[0], row[1]) for row in rows}
    concerned = {PUBLIC, roles.writer, roles.reader}
    found = {
        Right(Subject(kind, name), role, privilege)
        for kind, name, role, privilege in rows
        if role in concerned
    }
    target = wanted(subjects, roles)
    for verb, preposition, rights in (
        ("GRANT", "TO", target - found),
        ("REVOKE", "FROM", found - target),
    ):
        for (privileges, kind, role), names in sorted(_grouped(rights).items()):
            on = sql.SQL(", ").join(_named(Subject(kind, name)) for name in sorted(names))
            to = sql.SQL(PUBLIC) if role == PUBLIC else sql.Identifier(role)
            statement = sql.SQL(f"{verb} {privileges} ON {_KEYWORDS[kind]} {{}} {preposition} {{}}")
            if not dry_run:
                connection.execute(statement.format(on, to))
            changes.add(
                f"{'would ' if dry_run else ''}{verb.lower()} {privileges} on {kind} "
                f"{', '.join(sorted(names))} {preposition.lower()} {role}"
            )


def _grouped(rights: Iterable[Right]) -> dict[tuple[str, str, str], set[str]]:
    """Names by privileges, kind and role: one statement each."""
    privileges = defaultdict(set)
    for right in rights:
        privileges[right.subject, right.role].add(right.privilege)
    names = defaultdict(set)
    for (subject, role), listed in privileges.items():
        names[", ".join(sorted(listed)), subject.kind, role].add(subject.name)
    return names


def _named(subject: Subject) -> sql.Composable:
    match subject.kind:
        case "function":
            # The catalogue has quoted it already, and its arguments cannot be an identifier.
            return sql.SQL(f"public.{subject.name}")
        case "database" | "schema":
            return sql.Identifier(subject.name)
        case _:
            return sql.Identifier("public", subject.name)
