"""What `passage staffing` refuses before it asks the database."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from services.planner.staffing.command import staffing
from services.planner.staffing.options import DemandType, DesksType, TargetType
from services.planner.staffing.plan import Target


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "20min"), "expected one such as 80/20min"),
        (("--target", "100/20min"), "expected one such as 80/20min"),
        (("--target", "0/20min"), "expected one such as 80/20min"),
        (("--target", "80/0min"), "expected one such as 80/20min"),
        (("--demand", "20"), "expected one such as +20% or -10%"),
        (("--demand", "-101%"), "expected one such as +20% or -10%"),
        (("--desks", "0"), "is not a number of desks"),
        (("--desks", "4,,5"), "is not a number of desks"),
        (("--move", "sejour"), "expected one such as sejour:sp-lhay"),
        (("--move", "sejour:sp-nogent", "--desks", "4"), "--move goes with none of"),
        (("--close", "2026-12-24", "--weekday", "thu"), "leave --weekday out"),
        (("--period", "2025-S2", "--to", "2025-12-31"), "either --period or --from and --to"),
    ],
)
def test_an_option_that_means_nothing_says_what_to_write(
    arguments: tuple[str, ...], said: str
) -> None:
    answered = CliRunner().invoke(staffing, ["--site", "sp-lhay", *arguments])
    assert answered.exit_code == 2
    assert said in " ".join(answered.stderr.split())


def test_options_are_written_as_people_say_them() -> None:
    assert TargetType().convert("80/20min", None, None) == Target(0.8, 1200)
    assert TargetType().convert("97.5%/300s", None, None) == Target(0.975, 300)
    assert DemandType().convert("+20%", None, None) == pytest.approx(1.2)
    assert DemandType().convert("-10 %", None, None) == pytest.approx(0.9)
    assert DesksType().convert("8,6,6,5", None, None) == (8, 6, 6, 5)
