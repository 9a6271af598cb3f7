"""Whether the programs are those that the project wants: Python, packages, servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from services.doctor.findings import Finding, listed, ok, problem, warning

OLDEST_KAFKA = (2, 3)
"""The first whose groups know a worker again after its restart (KIP-345)."""


def judge_python(running: str, wanted: str) -> Finding:
    """The interpreter against the project's `Requires-Python`."""
    if running in SpecifierSet(wanted, prereleases=True):
        return ok(f"Python {running}")
    return problem(
        f"Python {running} runs, {wanted} is wanted", "make the virtual environment anew with it"
    )


def judge_packages(requirements: Sequence[str], installed: Mapping[str, str]) -> list[Finding]:
    """Installed packages, by name, against what the project requires with its extras.

    A package that only an extra needs may be missing: then that part does not run here.
    """
    parsed = [Requirement(text) for text in requirements]
    always = [one for one in parsed if _extra(one) is None]
    wrong = {
        f"{one.name} {installed[one.name]} (wanted {one.specifier})"
        for one in parsed
        if one.name in installed
        and not one.specifier.contains(installed[one.name], prereleases=True)
    }
    missing = {one.name for one in always if one.name not in installed}
    found = [
        problem(f"package {name}", "install what requirements.lock says: pip install -r")
        for name in sorted(wrong)
    ]
    found += [
        problem(f"package {name} is missing", "install passage again: pip install passage")
        for name in sorted(missing)
    ]
    return found or [ok(_parts(parsed, installed))]


def _parts(requirements: Sequence[Requirement], installed: Mapping[str, str]) -> str:
    extras: dict[str, bool] = {}
    for one in requirements:
        if (extra := _extra(one)) is not None:
            extras[extra] = extras.get(extra, True) and one.name in installed
    whole = sorted(extra for extra, complete in extras.items() if complete)
    return f"packages fit; whole parts: {listed(whole, most=30) or 'the contracts only'}"


def _extra(requirement: Requirement) -> str | None:
    _, _, extra = str(requirement.marker or "").partition('extra == "')
    return extra.partition('"')[0] or None


def judge_kafka(brokers: int, version: tuple[int, ...] | None) -> Finding:
    """A broker that answered: its version, and how many there are."""
    plural = "" if brokers == 1 else "s"
    if version is None:
        return ok(f"{brokers} broker{plural}, of a version that it does not tell")
    words = ".".join(str(part) for part in version)
    if version < OLDEST_KAFKA:
        oldest = ".".join(str(part) for part in OLDEST_KAFKA)
        return problem(f"Kafka {words} is older than {oldest}", f"upgrade to {oldest} or newer")
    return ok(f"{brokers} broker{plural}, Kafka {words} or newer")


def judge_postgresql(major: int, oldest: int) -> Finding:
    """The server's major version."""
    if major < oldest:
        return problem(
            f"PostgreSQL {major} is older than {oldest}", f"upgrade to {oldest} or newer"
        )
    return ok(f"PostgreSQL {major}")


def judge_timescaledb(extension: str | None, library: str | None) -> Finding:
    """The extension in the database against the library that is installed on the server."""
    if extension is None:
        return problem(
            "the database has no extension timescaledb",
            "run `passage provision database` with PASSAGE_DATABASE_ADMIN",
        )
    if library is None:
        return problem(
            f"extension timescaledb {extension} has no library on this server any more",
            "install TimescaleDB's package for this PostgreSQL again",
        )
    if extension != library:
        return warning(
            f"extension timescaledb {extension}, but {library} is installed on the server",
            "with nobody else connected: psql -X -c 'ALTER EXTENSION timescaledb UPDATE'",
        )
    return ok(f"TimescaleDB {extension}")


def judge_grafana(version: tuple[int, ...]) -> Finding:
    """A Grafana that answered, and is new enough."""
    return ok(f"Grafana {'.'.join(str(part) for part in version)}")
