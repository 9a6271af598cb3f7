"""Brings a Grafana to what the code says: read, compare, write what differs, and look again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.provision.grafana import alerting, boards, data_source, present
from services.provision.grafana.change import Change, Json
from services.provision.grafana.connection import Grafana, Version
from services.provision.grafana.settings import GrafanaSettings
from services.provision.grafana.write import works, write
from services.provision.report import Changes

# Rules; the interval that their new group should have; the rules again, which Grafana 9 changes
# with it; and a last look.
_PASSES = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the code says: boards and alert rules as Grafana's API takes them."""

    boards: Sequence[Json]
    rules: Sequence[Json] | None
    """None leaves alerting alone."""
    route_label: str
    interval_s: int


@dataclass(slots=True)
class Plan:
    """What has to be written, in the order in which it can be, and what people should know."""

    changes: list[Change] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def publish(grafana: Grafana, settings: GrafanaSettings, wanted: Wanted, changes: Changes) -> None:
    """Write what differs; a second run writes nothing.

    Raises GrafanaError, which says what was refused: what was written before it stays, and the next
    run goes on from there.
    """
    version = grafana.version()
    for _ in range(_PASSES):
        pending = plan(grafana, version, settings, wanted)
        if not pending.changes:
            break
        for change in pending.changes:
            write(grafana, change, settings.database.password or "")
            changes.add(change.sentence())
    else:
        changes.remark(
            "warning: Grafana keeps some of this otherwise than it was sent; --diff shows what"
        )
    for remark in pending.remarks:
        changes.remark(remark)
    _ask_the_database(grafana, changes)


def plan(grafana: Grafana, version: Version, settings: GrafanaSettings, wanted: Wanted) -> Plan:
    """Compare Grafana with what is wanted. Only reads. Raises GrafanaError."""
    found = Plan()
    _plan_data_source(grafana, version, settings, found)
    folder = present.folder(grafana)
    found.changes += boards.plan_folder(folder)
    if folder is not None:
        found.changes += boards.plan_permissions(present.permissions(grafana))
    _plan_boards(grafana, version, wanted, found)
    if wanted.rules is not None:
        _plan_alerting(grafana, version, settings, wanted, wanted.rules, found)
    return found


def _plan_data_source(
    grafana: Grafana, version: Version, settings: GrafanaSettings, found: Plan
) -> None:
    there = present.data_source(grafana)
    if there is not None and there.get("readOnly"):
        found.remarks.append(
            "left the data source as it is: it comes from a file of Grafana's provisioning"
        )
        return
    wished = data_source.wanted(settings.database, version)
    password = settings.database.password or ""
    found.changes += data_source.plan(there, wished, password, secrets.token_bytes(8))


def _plan_boards(grafana: Grafana, version: Version, wanted: Wanted, found: Plan) -> None:
    wished = [data_source.fitted(board, version) for board in wanted.boards]
    there = present.boards(grafana, [board["uid"] for board in wished])
    found.changes += boards.plan_boards(wished, there)
    found.remarks += [
        f"left board {name} as it is: it comes from a file of Grafana's provisioning, which "
        "refuses updates; remove that file"
        for name in boards.from_files(wished, there)
    ]


def _plan_alerting(
    grafana: Grafana,
    version: Version,
    settings: GrafanaSettings,
    wanted: Wanted,
    rules: Sequence[Json],
    found: Plan,
) -> None:
    wished = [data_source.fitted(rule, version) for rule in alerting.in_group(rules)]
    there = present.alerting(grafana, [rule["uid"] for rule in wished])
    points = alerting.contact_points(settings.addresses)
    receivers = list(settings.addresses)
    found.changes += [
        *alerting.plan_rules(wished, there.rules),
        *alerting.plan_interval(there.interval_s, wanted.interval_s),
        *alerting.plan_contact_points(points, there.contact_points),
    ]
    if there.policies.get("provenance") == "file":
        found.remarks.append(
            "left the notification policies as they are: they come from a file of Grafana's "
            f"provisioning; route {wanted.route_label} there"
        )
    else:
        found.changes += alerting.plan_policies(wanted.route_label, receivers, there.policies)
    missing = [route for route in alerting.ROUTES if route not in receivers]
    if missing:
        found.remarks.append(
            f"{' and '.join(f'PASSAGE_ALERTS_{route.upper()}' for route in missing)} not set: "
            f"those alerts go where its own policies send them ({there.policies.get('receiver')})"
        )


def _ask_the_database(grafana: Grafana, changes: Changes) -> None:
    source = present.data_source(grafana)
    if source is None:
        return
    if reason := works(grafana, source):
        changes.remark(
            f"warning: boards will show no data: {reason}; set PASSAGE_GRAFANA_DATABASE to the "
            "address at which Grafana reaches the database, or run `passage provision database`"
        )
