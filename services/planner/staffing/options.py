"""What staffing's options look like, and what is wrong with one that does not."""

from __future__ import annotations

import re
from typing import Any

import click

from services.planner.staffing.plan import Target

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class TargetType(click.ParamType):
    """`80/20min`: a share in percent, and a time in minutes or seconds."""

    name = "share/time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A Target."""
        if isinstance(value, Target):
            return value
        match = re.fullmatch(r"(\d{1,2}(?:\.\d+)?)%?/(\d+)\s*(min|s)", str(value).strip())
        share = float(match[1]) / 100 if match else 0.0
        if match is None or not 0 < share < 1 or int(match[2]) == 0:
            self.fail(f"{value!r} is not a target; expected one such as 80/20min or 90/300s")
        return Target(share, int(match[2]) * (60 if match[3] == "min" else 1))


class DemandType(click.ParamType):
    """`+20%` or `-10%`: a change of demand."""

    name = "±percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The factor: 1.2 for +20 %."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([+-]\d{1,3}(?:\.\d+)?)\s*%", str(value).strip())
        if match is None or float(match[1]) < -100:
            self.fail(f"{value!r} is not a change of demand; expected one such as +20% or -10%")
        return 1 + float(match[1]) / 100


class DesksType(click.ParamType):
    """`4`, or one number for each half hour: `8,6,6,5`."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A tuple of whole numbers, each 1 or more."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"[1-9]\d{0,3}(,[1-9]\d{0,3})*", str(value).strip()):
            self.fail(
                f"{value!r} is not a number of desks; expected 4, or one number of 1 or more for "
                "each half hour, such as 8,6,6,5"
            )
        return tuple(int(part) for part in str(value).strip().split(","))


class MoveType(click.ParamType):
    """`sejour:sp-lhay`: a service, and the site to which it moves."""

    name = "service:site"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """(service, site)."""
        if isinstance(value, tuple):
            return value
        service, colon, site = str(value).partition(":")
        if not (service and colon and site):
            self.fail(f"{value!r} names no service and site; expected one such as sejour:sp-lhay")
        return service, site
