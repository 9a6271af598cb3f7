"""TimescaleDB for this machine's PostgreSQL: Debian's package, or built from Debian's source."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from services.stack.apt import Apt
from services.stack.errors import StackError
from services.stack.installations import Installation, installations
from services.stack.report import Report

# Debian 13 is the first release with the extension; its source builds on Debian 12 too.
_SOURCE_RELEASE = "trixie"
_PACKAGE_PATTERN = r"^postgresql-[0-9]+-timescaledb$"
# Where postgresql-common looks before it makes a cluster for a new server.
_NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/passage.conf")


def is_installed() -> bool:
    """Whether a PostgreSQL with TimescaleDB is there."""
    return any(one.has_timescaledb for one in installations())


def ensure(report: Report) -> None:
    """Install PostgreSQL with TimescaleDB unless they are there."""
    if is_installed():
        return
    apt = Apt()
    if not apt.is_there():
        raise StackError(
            "PostgreSQL with TimescaleDB is missing, and only on Debian can this install it; "
            "install both below /usr/lib/postgresql, or use docker-compose.yml"
        )
    if apt.mirror() is None:
        with report("Reading Debian's package lists"):
            apt.update()
    package = apt.newest(_PACKAGE_PATTERN)
    if package is not None:
        with report(f"Installing {package}"):
            _install_server(apt, [package])
    else:
        _build(apt, report)


def _build(apt: Apt, report: Report) -> None:
    if not installations():
        with report("Installing PostgreSQL"):
            _install_server(apt, ["postgresql"])
    installation = installations()[0]
    tools = ["cmake", "dpkg-dev", "gcc", "libssl-dev", "make"]
    if missing := apt.missing([*tools, f"postgresql-server-dev-{installation.major}"]):
        with report(f"Installing {', '.join(missing)}"):
            apt.install(missing)
    match_server_to_headers(apt, installation.major, report)
    mirror = apt.mirror()
    if mirror is None:
        raise StackError(
            "apt names no main archive of Debian, from which TimescaleDB's source would come; "
            "add one to /etc/apt/sources.list and run `apt-get update`"
        )
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="passage-timescaledb-") as temporary:
        folder = Path(temporary)
        with report("Fetching TimescaleDB's source from Debian"):
            source = apt.fetch_source(
                "timescaledb", release=_SOURCE_RELEASE, mirror=mirror, folder=folder
            )
        with report(f"Building TimescaleDB for PostgreSQL {installation.major}"):
            _compile(source, folder / "build", installation)
            apt.privileged(["make", "--silent", f"--directory={folder / 'build'}", "install"])
    if not installation.has_timescaledb:
        raise StackError(f"TimescaleDB was built, but not into PostgreSQL {installation.major}")


def match_server_to_headers(apt: Apt, major: int, report: Report) -> None:
    """Bring the server to the minor version of its headers.

    An extension that was built with newer headers may name what an older server does not have, and
    then does not load. The archive keeps the newest headers only, so it is the server that moves.
    """
    server, headers = f"postgresql-{major}", f"postgresql-server-dev-{major}"
    if apt.version(server) == apt.version(headers):
        return
    with report(f"Bringing PostgreSQL {major} to the version of its headers"):
        _install_server(apt, [server])


def _compile(source: Path, build: Path, installation: Installation) -> None:
    _run(
        [
            "cmake",
            "-S",
            str(source),
            "-B",
            str(build),
            # The edition under the Apache licence; the other one's licence is not free software.
            "-DAPACHE_ONLY=1",
            "-DREGRESS_CHECKS=OFF",
            "-DTAP_CHECKS=OFF",
            "-DWARNINGS_AS_ERRORS=OFF",
            "-DCMAKE_BUILD_TYPE=Release",
            f"-DPG_CONFIG={installation.programs / 'pg_config'}",
        ]
    )
    _run(["make", "--silent", f"--directory={build}", f"--jobs={os.cpu_count() or 1}"])


def _install_server(apt: Apt, packages: Sequence[str]) -> None:
    """Install a server without the cluster that Debian would make and start on port 5432."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as setting:
        setting.write("create_main_cluster = false\n")
        setting.flush()
        apt.privileged(["install", "-D", "--mode=644", setting.name, str(_NO_CLUSTER)])
        try:
            apt.install(packages)
        finally:
            apt.privileged(["rm", "--force", str(_NO_CLUSTER)])


def _run(command: Sequence[str]) -> None:
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode != 0:
        raise StackError(
            f"{command[0]} could not build TimescaleDB; its words:\n{result.stdout[-2000:].strip()}"
        )
