"""The codes that a question may name, with the names that people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

import psycopg

from schemas.queries import load_queries
from schemas.types import Channel
from services.planner.sentence import Sentence

SQL = load_queries("services.planner", "reference.sql")


class UnknownCode(ValueError):
    """A question names a site, directorate, service or channel that does not exist."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Names by code, as the newest registry has them; past units included."""

    sites: Mapping[str, str]
    directorates: Mapping[str, str]
    """In the order of the registry."""
    services: Mapping[str, str]
    time_zones: Mapping[str, str]
    """Of each site."""

    def known(self, kind: str) -> Mapping[str, str]:
        """The codes of a kind: site, directorate, service or channel."""
        return {
            "site": self.sites,
            "directorate": self.directorates,
            "service": self.services,
            "channel": {channel: channel for channel in get_args(Channel)},
        }[kind]

    def check(self, kind: str, codes: tuple[str, ...] | None) -> None:
        """Raises UnknownCode, with the nearest known code, or all where there are few."""
        known = self.known(kind)
        for code in codes or ():
            if code not in known:
                raise UnknownCode(
                    Sentence(f"unknown_{kind}", code=code, remedy=_remedy(code, known))
                )


def read_reference(connection: psycopg.Connection[Any]) -> Reference:
    """Sites, directorates and services through the views."""
    sites = connection.execute(SQL["sites"]).fetchall()
    return Reference(
        {code: name for code, name, _ in sites},
        dict(connection.execute(SQL["directorates"]).fetchall()),
        dict(connection.execute(SQL["services"]).fetchall()),
        {code: time_zone for code, _, time_zone in sites},
    )


def _remedy(code: str, known: Mapping[str, str]) -> Sentence:
    if not known:
        return Sentence("none_known")
    near = get_close_matches(code.lower(), known, n=1, cutoff=0.6)
    if near:
        return Sentence("did_you_mean", near=near[0])
    return Sentence("known_are", codes=", ".join(sorted(known)))
