"""The alerts: what fires, for how long, and who is told. Their numbers are in `queries.sql`."""

from __future__ import annotations

from typing import Any

from dashboards.alerts.rule import rule
from dashboards.catalogue import Catalogue, Language

HALL = "daily-flow"
CHAIN = "pipeline"

Rule = dict[str, Any]


def all_rules(language: Language) -> list[Rule]:
    """Every rule, in the form of Grafana's provisioning API, without folder and group."""
    say = Catalogue(language)
    return [
        queue_long(say),
        wait_long(say),
        wait_long_hour(say),
        hour_zero(say),
        hour_unknown(say),
        device_silent(say),
        outbox_deep(say),
        pipeline_late(say),
        dead_letters_new(say),
    ]


def queue_long(say: Catalogue) -> Rule:
    """More people wait than usual. Hysteresis: two marks, over the minutes of the last hour."""
    return rule(say, "queue_long", route="supervisor", lasting="2m", board=HALL)


def wait_long(say: Catalogue) -> Rule:
    """Three wait longer than the threshold. Hysteresis: until fewer than three are near it."""
    return rule(say, "wait_long", route="supervisor", lasting="2m", board=HALL)


def wait_long_hour(say: Catalogue) -> Rule:
    """The waits that ended in the last hour were too long. The hour itself moves slowly."""
    return rule(say, "wait_long_hour", route="supervisor", lasting="5m", board=HALL)


def hour_zero(say: Catalogue) -> Rule:
    """Nobody came in the last whole hour. It is decided once an hour, so that it cannot flicker."""
    return rule(say, "hour_zero", route="supervisor", lasting="1m", board=HALL)


def hour_unknown(say: Catalogue) -> Rule:
    """Nobody knows whether anybody came in the last whole hour; decided once an hour."""
    return rule(say, "hour_unknown", route="technician", lasting="1m", board=CHAIN, of_a_site=False)


def device_silent(say: Catalogue) -> Rule:
    """A device is not heard. Ten heartbeats must be missing; the first one that comes ends it."""
    return rule(say, "device_silent", route="technician", lasting="2m", board=HALL)


def outbox_deep(say: Catalogue) -> Rule:
    """A device that is heard cannot send its events; for ten minutes, since bursts are fine."""
    return rule(say, "outbox_deep", route="technician", lasting="10m", board=CHAIN, of_a_site=False)


def pipeline_late(say: Catalogue) -> Rule:
    """No device at all is heard, or workers do not keep up with them."""
    return rule(
        say, "pipeline_late", route="technician", lasting="2m", board=CHAIN, of_a_site=False
    )


def dead_letters_new(say: Catalogue) -> Rule:
    """Messages were refused. Its look-back of an hour keeps it from flickering."""
    return rule(
        say, "dead_letters_new", route="technician", lasting="0s", board=CHAIN, of_a_site=False
    )
