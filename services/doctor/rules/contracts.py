"""Whether topics, tables, views, roles and registry are what the contracts say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from schemas.registry import Registry
from services.doctor.findings import Finding, listed, ok, problem, warning
from services.provision.reference import difference, rows
from services.provision.rights import Right


def judge_dry_run(
    what: str, changes: Sequence[str], remarks: Iterable[str], remedy: str
) -> list[Finding]:
    """What provisioning would change is a problem; what it leaves alone, a remark."""
    found = [problem(_without_would(change), remedy) for change in changes]
    found += [warning(remark, "leave it, or mend it by hand") for remark in remarks]
    return found or [ok(f"{what} are as declared")]


def _without_would(change: str) -> str:
    return f"wanted: {change.removeprefix('would ')}"


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role as the server knows it; `settings` are those of each of its sessions."""

    user: str
    superuser: bool
    plain: bool
    settings: Mapping[str, str]


def judge_role(name: str, role: RoleFacts, wanted: Mapping[str, str]) -> list[Finding]:
    """A working role: may log in and nothing more, with the settings that are wanted."""
    remedy = "run `passage provision database` with PASSAGE_DATABASE_ADMIN"
    found = []
    if role.superuser:
        found.append(
            problem(
                f"{name}: {role.user} is a superuser, for whom no right holds",
                f"name a role of its own in PASSAGE_DATABASE_{name.upper()}; " + remedy,
            )
        )
    elif not role.plain:
        found.append(problem(f"{name}: {role.user} may do more than log in", remedy))
    other = [f"{key} = {value}" for key, value in wanted.items() if role.settings.get(key) != value]
    if other:
        found.append(warning(f"{name}: {role.user} lacks {listed(other)}", remedy))
    return found or [ok(f"{name}: {role.user} may log in, and nothing more by itself")]


def judge_rights(name: str, found: Set[Right], wanted: Set[Right]) -> list[Finding]:
    """What a role may do, by whatever way it came to it, against what it shall."""
    remedy = "run `passage provision database`; if it stays, revoke what the role inherits"
    findings = [
        problem(f"{name} may not {privileges}", remedy) for privileges in _told(wanted - found)
    ]
    findings += [
        problem(f"{name} may {privileges}, and should not", remedy)
        for privileges in _told(found - wanted)
    ]
    return findings or [ok(f"{name} may do what it needs, and nothing else")]


def _told(rights: Set[Right]) -> list[str]:
    names: dict[tuple[str, str], list[str]] = {}
    for right in rights:
        names.setdefault((right.privilege, right.subject.kind), []).append(right.subject.name)
    return [
        f"{privilege} on {kind} {listed(sorted(of))}"
        for (privilege, kind), of in sorted(names.items())
    ]


def judge_registry(revision: int, loaded: Registry, file: Registry | None, today: date) -> Finding:
    """What is loaded, and whether the file says the same."""
    about = f"revision {revision} of {loaded.code}: {len(loaded.sites)} sites"
    if file is None:
        return ok(about)
    remedy = "run `passage provision registry FILE`"
    differences = [
        sentence
        for one in difference(rows(loaded, today), rows(file, today))
        for sentence in one.sentences()
    ]
    if differences:
        return problem(f"{about}; the file would {listed(differences)}", remedy)
    if loaded != file:
        return warning(f"{about}; the file says other things than tables hold", remedy)
    return ok(f"{about}, as in the file")
