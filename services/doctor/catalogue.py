"""Every check, in the order in which a person would look: what is below comes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.doctor.checks import broker, contents, flow, grafana, machine, server
from services.doctor.deployment import Deployment
from services.doctor.findings import Finding


@dataclass(frozen=True, slots=True)
class Check:
    """A question to a deployment."""

    name: str
    asks: str
    look: Callable[[Deployment], list[Finding]]


CHECKS = (
    Check("python", "this machine's Python is one that Passage runs on", machine.python),
    Check("packages", "installed packages fit what Passage requires", machine.packages),
    Check("kafka", "the broker answers, and is new enough", broker.kafka),
    Check("topics", "partitions, retention, sizes, cleanup, replicas as declared", broker.topics),
    Check("database", "each role that has a URL is let in", server.database),
    Check("versions", "PostgreSQL; TimescaleDB in the database and on its server", server.versions),
    Check("migrations", "all are applied, and none was edited since", contents.migrations),
    Check("views", "all are there, as this release has them", contents.views),
    Check("roles", "they may log in, and have their settings", contents.working_roles),
    Check("rights", "writer and reader may what they need, nothing else", contents.rights_of_roles),
    Check("registry", "one is loaded, and is the file's (--registry)", contents.registry),
    Check("clock", "this machine, the database and the broker agree", server.clock),
    Check("lag", "the workers keep up with the topics", flow.lag),
    Check("dead-letters", "nothing that was refused waits for somebody", flow.dead_letters),
    Check("devices", "whoever should be heard now is heard", flow.devices),
    Check("coverage", "how much of today the devices vouch for, by site", flow.coverage),
    Check("newest", "how old the newest event is", flow.newest),
    Check("publication", "the topic footfall follows the tables", flow.publication),
    Check("provisional", "past days have become final", flow.provisional),
    Check("days", "the stored days of the last two weeks are the sums of their hours", flow.days),
    Check("size", "how large the database is", flow.size),
    Check("grafana", "it answers, and is new enough (GRAFANA_URL)", grafana.grafana),
)
