"""Makes the checks, all at once: none waits for another, fails with another, or takes for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import psycopg

from services.doctor.catalogue import Check
from services.doctor.checks.broker import BrokerAway
from services.doctor.deployment import Deployment
from services.doctor.findings import CannotTell, Finding, problem, skipped
from services.runtime.database import DatabaseUnavailable
from services.runtime.settings import InvalidSetting

Examined = list[tuple[str, Finding]]
"""Findings in the order of the checks, each with the name of its check."""


def examine(checks: Sequence[Check], deployment: Deployment) -> Examined:
    """Every check's findings; one that has no answer after the deployment's patience is skipped.

    Raises InvalidSetting when the settings are wrong.
    """
    answers: dict[str, list[Finding] | InvalidSetting] = {}

    def look(check: Check) -> None:
        answers[check.name] = _answer(check, deployment)

    # Daemons: a broker that never answers does not keep the process.
    threads = [
        threading.Thread(target=look, args=(check,), name=check.name, daemon=True)
        for check in checks
    ]
    for thread in threads:
        thread.start()
    # Twice the patience: to come in, and to be answered.
    deadline = time.monotonic() + 2 * deployment.patience_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    found: Examined = []
    for check in checks:
        answer = answers.get(check.name)
        if isinstance(answer, InvalidSetting):
            raise answer
        if answer is None:
            answer = [skipped(f"no answer within {2 * deployment.patience_s:g} s (--patience)")]
        found += [(check.name, finding) for finding in answer]
    return found


def _answer(check: Check, deployment: Deployment) -> list[Finding] | InvalidSetting:
    try:
        return check.look(deployment)
    except InvalidSetting as error:
        return error
    except CannotTell as error:
        return [skipped(str(error))]
    except BrokerAway:
        return [skipped("Kafka does not answer")]
    except DatabaseUnavailable:
        return [skipped("the database does not let this role in")]
    except psycopg.errors.QueryCanceled:
        return [skipped(f"the database took more than {deployment.patience_s:g} s (--patience)")]
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction) as error:
        return [skipped(f"{error.diag.message_primary}: the checks migrations and views say why")]
    except psycopg.errors.InsufficientPrivilege as error:
        return [skipped(f"{error.diag.message_primary}: the check rights says why")]
    except Exception as error:
        # The others' findings are worth having whatever happened here.
        return [problem(f"the check failed: {type(error).__name__}: {error}", "report it")]
