"""How often one may ask: a bucket of tokens for each who asks. Pure; the clock is an argument."""

from __future__ import annotations

from collections import OrderedDict

MOST_KNOWN = 10_000
"""Who has not asked for longest is forgotten: his bucket was full again anyway."""


class RateLimit:
    """`per_minute` requests a minute on average, and as many at once."""

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, who: str, now_s: float) -> float:
        """Take a token: 0 when there was one, else how long until there is."""
        tokens, at_s = self._buckets.pop(who, (self._capacity, now_s))
        tokens = min(self._capacity, tokens + (now_s - at_s) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[who] = (tokens - (wait == 0.0), now_s)
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        return wait
