"""Interleaved timing of two functions, which cancels the drift of a machine."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["CALL_S", "Row", "compare", "of_samples"]

CALL_S = 60.0
"""Timeout of calls to a database with many blocks, in seconds: a busy machine needs more than the
default for one reading."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        work: description of the work.
        ours, floor: duration in seconds, or another quantity; the median of the rounds.
        ratio: ours / floor, the median of the rounds' ratios.
        spread: the smallest and the largest of them.
        bound: upper limit of the ratio, None for no limit.
        unit: a thousandth of the unit of ``ours`` and ``floor``, e.g. ``MB`` for GB.
    """

    work: str
    ours: float
    floor: float
    ratio: float
    spread: tuple[float, float]
    bound: float | None = None
    unit: str = "ms"

    @property
    def kept(self) -> bool:
        """Whether the ratio is within the bound."""
        return self.bound is None or self.ratio <= self.bound

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON."""
        return {**asdict(self), "kept": self.kept}


def compare(
    work: str,
    ours: Callable[[], object],
    floor: Callable[[], object],
    *,
    times: int,
    rounds: int = 7,
    bound: float | None = None,
) -> Row:
    """Compare two functions, called alternately.

    Args:
        work: description of the work.
        ours: function that uses this library.
        floor: function that does the same by hand.
        times: calls in a row.
        rounds: rounds to measure, after one to warm up.
        bound: upper limit of the ratio, None for no limit.
    """
    mine, theirs = [], []
    for number in range(rounds + 1):
        pair = [_seconds(ours, times), _seconds(floor, times)]
        if number:
            mine.append(pair[0])
            theirs.append(pair[1])
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    return Row(
        work,
        statistics.median(mine),
        statistics.median(theirs),
        statistics.median(ratios),
        (min(ratios), max(ratios)),
        bound,
    )


def of_samples(
    work: str, ours: list[float], floor: list[float], bound: float | None, unit: str = "ms"
) -> Row:
    """Compare the medians of samples taken alternately.

    The spread is that of the pairs, without the lowest and the highest tenth.

    Args:
        work: description of the work.
        ours: durations with this software, in seconds.
        floor: as many durations of the same work by hand.
        bound: upper limit of the ratio, None for no limit.
        unit: a thousandth of the unit of the samples.
    """
    mine, theirs = statistics.median(ours), statistics.median(floor)
    ratios = statistics.quantiles([a / b for a, b in zip(ours, floor, strict=True)], n=10)
    return Row(work, mine, theirs, mine / theirs, (ratios[0], ratios[-1]), bound, unit)


def _seconds(work: Callable[[], object], times: int) -> float:
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - began) / times
    finally:
        gc.enable()
