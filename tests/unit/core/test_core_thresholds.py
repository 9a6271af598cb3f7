"""Thresholds are data, with a source and a validity."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from pydantic import ValidationError

from schemas.registry import Registry
from schemas.thresholds import Threshold
from services.core.waits import bin_of, share_within


@pytest.fixture
def caf(registry: Registry) -> Threshold:
    return registry.thresholds[0]


@pytest.fixture
def historic(registry: Registry) -> Threshold:
    return registry.thresholds[1]


@pytest.mark.parametrize(("wait_s", "share"), [(1100, 1.0), (1300, 0.0)])
def test_a_share_is_measured_against_a_threshold_of_the_data(
    caf: Threshold, wait_s: int, share: float
) -> None:
    assert share_within(Counter([bin_of(wait_s * 1000)]), caf.value_s) == (share, 1)


def test_no_example_claims_to_be_a_requirement_of_quali_ate(registry: Registry) -> None:
    assert all("not a Quali-ATE requirement" in one.source for one in registry.thresholds)


def test_a_threshold_holds_until_the_day_before_its_last(
    caf: Threshold, historic: Threshold
) -> None:
    assert historic.valid_on(date(2011, 6, 30))
    assert not historic.valid_on(date(2011, 7, 1))
    assert caf.valid_on(date(2026, 11, 16))


@pytest.mark.parametrize("missing", ["indicator", "value_s", "source"])
def test_a_threshold_without_value_or_source_is_refused(caf: Threshold, missing: str) -> None:
    whole = caf.model_dump()
    del whole[missing]
    with pytest.raises(ValidationError, match=missing):
        Threshold.model_validate(whole)
