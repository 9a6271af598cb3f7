"""Every reason has a remedy that a technician can follow."""

from __future__ import annotations

import pytest

from schemas.reasons import Reason
from services.deadletters.remedies import REMEDIES, explanation_of, remedy_of

HOPELESS = {
    Reason.EMPTY_BODY,
    Reason.TOO_LARGE,
    Reason.NOT_JSON,
    Reason.IDENTITY_FIELD,
    Reason.TOO_OLD,
    Reason.CONFLICT,
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_remedy(reason: Reason) -> None:
    assert REMEDIES[reason].advice.endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_a_replay_is_advised_exactly_where_it_helps(reason: Reason) -> None:
    command = f"`passage dead-letters replay --reason {reason}"
    assert REMEDIES[reason].replay_helps == (reason not in HOPELESS)
    assert (command in REMEDIES[reason].advice) == (reason not in HOPELESS)


def test_a_reason_of_a_newer_processor_asks_for_an_upgrade() -> None:
    assert "upgrade" in remedy_of("struck_by_lightning").advice
    assert "does not know" in explanation_of("struck_by_lightning")
