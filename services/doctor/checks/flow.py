"""The flow of events, as the views tell it to whoever may read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schemas.queries import load_queries
from services.doctor.deployment import READING, Deployment
from services.doctor.findings import Finding
from services.doctor.rules import flow as rules


class _Views:
    """The doctor's questions, by name."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def rows(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        query = load_queries("services.doctor")[name]
        found: list[tuple[Any, ...]] = self._session.execute(query, parameters).fetchall()
        return found

    def row(self, name: str) -> tuple[Any, ...]:
        (row,) = self.rows(name)
        return row


@contextmanager
def _views(deployment: Deployment) -> Iterator[_Views]:
    with deployment.session(*READING) as session:
        yield _Views(session)


def lag(deployment: Deployment) -> list[Finding]:
    """Messages that no worker has acknowledged, as the workers last saw it."""
    with _views(deployment) as views:
        return rules.judge_lag([rules.Lag(*row) for row in views.rows("lag")])


def dead_letters(deployment: Deployment) -> list[Finding]:
    """What was refused and not counted since, with the remedy for its reason."""
    with _views(deployment) as views:
        return rules.judge_dead_letters([rules.Refused(*row) for row in views.rows("refused")])


def devices(deployment: Deployment) -> list[Finding]:
    """Who should be heard now and is not."""
    with _views(deployment) as views:
        return rules.judge_devices([rules.Device(*row) for row in views.rows("devices")])


def coverage(deployment: Deployment) -> list[Finding]:
    """How much of today each site's devices vouch for."""
    with _views(deployment) as views:
        return rules.judge_coverage(
            (site, covered, open_) for site, covered, open_ in views.rows("coverage_today")
        )


def newest(deployment: Deployment) -> list[Finding]:
    """How old the newest message of any device is."""
    with _views(deployment) as views:
        devices_expected, delay_s, newest_at = views.row("newest")
    newest_s = rules.age_s(newest_at, deployment.now())
    return [rules.judge_newest(devices_expected, delay_s, newest_s)]


def publication(deployment: Deployment) -> list[Finding]:
    """How far the topic `footfall` is behind the tables."""
    with _views(deployment) as views:
        return [rules.judge_publication(*views.row("publication"))]


def provisional(deployment: Deployment) -> list[Finding]:
    """Days that are past and not final."""
    with _views(deployment) as views:
        days = views.rows("provisional", days=rules.PROVISIONAL_DAYS)
        gaps = [row[0] for row in views.rows("devices_with_gaps")]
    return rules.judge_provisional([rules.Provisional(*row) for row in days], gaps)


def days(deployment: Deployment) -> list[Finding]:
    """Whether what is stored by day agrees with what is stored by quarter of an hour."""
    with _views(deployment) as views:
        return rules.judge_days([(site, n, first) for site, n, first in views.rows("days")])


def size(deployment: Deployment) -> list[Finding]:
    """How much room the database takes."""
    with _views(deployment) as views:
        (bytes_,) = views.row("size")
        return [rules.judge_size(bytes_, [(name, n) for name, n in views.rows("tables")])]
