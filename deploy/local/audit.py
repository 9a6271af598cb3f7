"""`make audit`: packages of requirements.lock that have a known vulnerability.

Ends with 1 when there is one, and with 0 when there is none or no service could be asked: then it
says so. It asks the package index; the answer changes without any change of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
LOCK = PROJECT / "requirements.lock"
TIMEOUT_S = 90


def report() -> dict[str, Any] | None:
    """What pip-audit found; None when it got no answer."""
    try:
        result = subprocess.run(
            [
                str(Path(sys.executable).with_name("pip-audit")),
                *("--disable-pip", "--progress-spinner=off", "--format=json", "--timeout=10"),
                f"--requirement={LOCK}",
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        found: dict[str, Any] = json.loads(result.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return found


def summary(found: dict[str, Any] | None) -> tuple[list[str], bool]:
    """Lines for a person, and whether a vulnerability is among them."""
    packages = found["dependencies"] if found else []
    asked = [one for one in packages if "skip_reason" not in one]
    if not asked:
        return ["audit: no service of vulnerabilities answers here; nothing was looked at"], False
    hurt = [one for one in asked if one["vulns"]]
    lines = [
        f"{one['name']} {one['version']}: {', '.join([flaw['id'], *flaw.get('aliases', [])])}; "
        + (
            f"mended in {', '.join(flaw['fix_versions'])}"
            if flaw["fix_versions"]
            else "no mend yet"
        )
        for one in hurt
        for flaw in one["vulns"]
    ]
    skipped = len(packages) - len(asked)
    lines.append(
        f"audit: {len(hurt)} of {len(asked)} packages have a known vulnerability"
        + (f"; {skipped} could not be looked at" if skipped else "")
        + ("; take newer ones with `make lock`" if hurt else "")
    )
    return lines, bool(hurt)


def main() -> int:
    """Print what is known; the exit code."""
    lines, is_hurt = summary(report())
    for line in lines:
        print(line)
    return int(is_hurt)


if __name__ == "__main__":
    raise SystemExit(main())
