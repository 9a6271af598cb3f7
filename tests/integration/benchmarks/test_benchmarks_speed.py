"""A worker's speed against the limit of the same machine in the same minute: a warning in CI."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from benchmarks.guard import LOOK_EVERY_S, TOLERATED, published, rounds, stored
from benchmarks.trial import Ground
from schemas.registry import Registry
from services.stack.stack import Stack

MOST_ROUNDS = 2


def test_a_backlog_is_counted_exactly_and_no_slower_than_it_was(
    stack: Stack, registry: Registry, tmp_path: Path, ratio_lines: list[str]
) -> None:
    """Counts are asserted; the speed is not, for a shared machine may be busy: it is printed."""
    load = published(stack.kafka.bootstrap)
    expected = stored()
    ground = Ground(stack, registry, tmp_path, LOOK_EVERY_S)
    for ratio in islice(rounds(ground, load), MOST_ROUNDS):
        assert ratio.wrong == 0
        if not ratio.is_low(expected):
            break
    line = f"worker {ratio.value:.2f} of the limit; stored {expected:.2f}"
    if ratio.is_low(expected):
        line = f"WARNING: {line}: more than {TOLERATED:.0%} slower, or a busy machine"
    ratio_lines.append(line)
