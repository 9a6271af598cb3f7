"""Erlang B, C and A: a queue whose arrivals and desks never change, long after it has opened.

`load` is the offered load in erlangs: arrivals per second times mean service in seconds. Times are
seconds. All recursions add positive terms only, and stay exact to rounding for thousands of desks.

Sources: Erlang B and C: Erlang, "Solution of some problems in the theory of probabilities of
significance in automatic telephone exchanges" (1917); recursion: Cooper, "Introduction to Queueing
Theory" (1981), §3.3. Erlang A: Palm, "Research on telephone traffic carried by full availability
groups" (1957); in the form used here: Zeltyn and Mandelbaum, "Call centers with impatient
customers: many-server asymptotics of the M/M/n+G queue", Queueing Systems 51 (2005), §4.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_TINY = 1e-15
_HUGE = 1e200


def erlang_b(desks: int, load: float) -> float:
    """Share of visitors who find every desk taken, when those would go away at once.

    1/B(c) = 1 + c/a · 1/B(c-1), 1/B(0) = 1.
    """
    if load <= 0:
        return 0.0 if desks else 1.0
    return 1 / _inverse_b(desks, load)


def erlang_c(desks: int, load: float) -> float:
    """Probability that a visitor has to wait when nobody leaves; 1 where the desks cannot keep up.

    C = B / (1 - ρ·(1 - B)) with ρ = load / desks.
    """
    if load >= desks:
        return 1.0
    blocked = erlang_b(desks, load)
    return blocked / (1 - load / desks * (1 - blocked))


def within_c(desks: int, load: float, service_s: float, within_s: float) -> float:
    """Share of visitors called within the time when nobody leaves: 1 - C·exp(-(c-a)·t/s).

    0 where the desks cannot keep up: the queue then grows without end.
    """
    if load >= desks:
        return 0.0
    return 1 - erlang_c(desks, load) * math.exp(-(desks - load) * within_s / service_s)


def within_a(
    desks: int, load: float, service_s: float, patience_s: float | None, within_s: float
) -> float:
    """Share of visitors who would be called within the time if they stayed, when others leave.

    Patience is exponential with the given mean; None means that nobody leaves (Erlang C). The wait
    is the offered one, of a visitor who stays to the end: a hall that drives people away does not
    look better for it.

    P(V > t) = λ·J(t) / (E + λ·J(0)), with E = 1/B(c-1) and J(t) the integral from t of
    exp(λ·(1 - e^(-θx))/θ - c·μ·x) dx.
    """
    if patience_s is None:
        return within_c(desks, load, service_s, within_s)
    if load <= 0:
        return 1.0
    if desks == 0:
        return 0.0
    log_arrivals = math.log(load / service_s)
    log_over = log_arrivals + _log_integral(desks, load, service_s, patience_s, within_s)
    log_any = log_arrivals + _log_integral(desks, load, service_s, patience_s, 0.0)
    log_all = _log_sum(math.log(_inverse_b(desks - 1, load)), log_any)
    # In deep overload nobody is in time, and rounding must not make it less than nobody.
    return max(0.0, 1 - math.exp(log_over - log_all))


def abandoned_a(desks: int, load: float, service_s: float, patience_s: float) -> float:
    """Share of visitors who leave before they are called: (1 + (λ - c·μ)·J(0)) / (E + λ·J(0))."""
    if load <= 0:
        return 0.0
    if desks == 0:
        return 1.0
    # Everything divided by J, which may be beyond any float where desks are far too few.
    log_integral = _log_integral(desks, load, service_s, patience_s, 0.0)
    arrivals = load / service_s
    upper = math.exp(-log_integral) + arrivals - desks / service_s
    log_lower = _log_sum(math.log(_inverse_b(desks - 1, load)) - log_integral, math.log(arrivals))
    return min(1.0, max(0.0, upper * math.exp(-log_lower)))


def desks_for(share: float, within: Callable[[int], float], *, guess: int = 1) -> int:
    """The smallest number of desks, 1 or more, at which `within(desks)` reaches the share.

    `within` must grow with the desks and come as near to 1 as one likes. A good `guess` saves
    calls.
    """
    step, high = 1, max(1, guess)
    low = high
    while within(high) < share:
        low, high, step = high + 1, high + step, 2 * step
    # Enough at the first try: look below it, further each time.
    while low == high > 1:
        low = max(1, high - step)
        if within(low) >= share:
            low, high, step = low, low, 2 * step
        else:
            low += 1
            break
    while low < high:
        middle = (low + high) // 2
        if within(middle) < share:
            low = middle + 1
        else:
            high = middle
    return high


def _inverse_b(desks: int, load: float) -> float:
    inverse = 1.0
    for desk in range(1, desks + 1):
        inverse = 1 + desk / load * inverse
        if inverse > _HUGE:
            # Nobody is ever turned away here, and a hundred desks more change nothing.
            return inverse
    return inverse


def _log_integral(
    desks: int, load: float, service_s: float, patience_s: float, from_s: float
) -> float:
    """Logarithm of J(t), by the series of the lower incomplete gamma function.

    J(t) = θ⁻¹ · exp(λ·(1 - e^(-θt))/θ - c·μ·t) · Σ x^k / (y·(y+1)…(y+k)), with x = λ·e^(-θt)/θ and
    y = c·μ/θ.
    """
    rate_ratio = patience_s / service_s
    y = desks * rate_ratio
    x = load * rate_ratio * math.exp(-from_s / patience_s)
    term = total = 1 / y
    scale = 0.0
    k = 0
    while x >= y + k or term > _TINY * total:
        k += 1
        term *= x / (y + k)
        total += term
        if total > _HUGE:
            term, total, scale = term / _HUGE, total / _HUGE, scale + math.log(_HUGE)
    exponent = load * rate_ratio * -math.expm1(-from_s / patience_s) - desks * from_s / service_s
    return math.log(patience_s) + exponent + scale + math.log(total)


def _log_sum(one: float, other: float) -> float:
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high))
