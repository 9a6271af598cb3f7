"""This machine: its Python and its packages."""

from __future__ import annotations

import platform
from importlib import metadata

from packaging.requirements import Requirement

from services.doctor.deployment import Deployment
from services.doctor.findings import Finding
from services.doctor.rules.programs import judge_packages, judge_python


def python(deployment: Deployment) -> list[Finding]:
    """The interpreter that runs this."""
    wanted = metadata.metadata("passage")["Requires-Python"]
    return [judge_python(platform.python_version(), wanted)]


def packages(deployment: Deployment) -> list[Finding]:
    """What is installed, beside what the installed Passage asks for."""
    requirements = [
        text
        for text in metadata.requires("passage") or []
        if _concerns_this_machine(Requirement(text))
    ]
    installed = {}
    for name in {Requirement(text).name for text in requirements}:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return judge_packages(requirements, installed)


def _concerns_this_machine(requirement: Requirement) -> bool:
    marker = requirement.marker
    extra = str(marker or "").partition('extra == "')[2].partition('"')[0]
    return marker is None or marker.evaluate({"extra": extra})
