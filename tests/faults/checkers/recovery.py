"""Recovery times: from the end of a fault until the first answer or shown change."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.faults.history import Operation

__all__ = ["Recovery", "recoveries", "table"]


class Recovery(NamedTuple):
    """Recovery times of one kind of operation after one kind of fault, in seconds.

    Attributes:
        fault: kind of the fault.
        kind: kind of the operation.
        samples: number of samples, one for each fault and client.
        p50: median.
        p90: 90th percentile.
        most: maximum, infinite if a client had no answer after a fault.
    """

    fault: str
    kind: str
    samples: int
    p50: float
    p90: float
    most: float


def recoveries(operations: Iterable[Operation]) -> list[Recovery]:
    """Return the recovery times by kind of fault and of operation.

    Faults are operations of kind ``fault`` with the detail ``fault``. A client that began nothing
    after the end of a fault, as it had ended, does not count.
    """
    faults: list[Operation] = []
    answers: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    last_begins: defaultdict[tuple[str, str], float] = defaultdict(lambda: -math.inf)
    for each in operations:
        if each.kind == "fault":
            faults.append(each)
            continue
        key = each.client, each.kind
        last_begins[key] = max(last_begins[key], each.began.monotonic)
        if each.outcome == "ok":
            answers[key].append(each.ended.monotonic)
    samples: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for key, begun in last_begins.items():
        times = sorted(answers[key])
        for fault in faults:
            end = fault.ended.monotonic
            if begun < end:
                continue
            place = bisect_left(times, end)
            recovered = times[place] - end if place < len(times) else math.inf
            samples[fault.details["fault"], key[1]].append(recovered)
    return [
        Recovery(*key, len(found), _quantile(found, 0.5), _quantile(found, 0.9), max(found))
        for key, found in sorted(samples.items())
    ]


def table(rows: Iterable[Recovery]) -> str:
    """Return the recovery times as a table in Markdown."""
    lines = [
        "| fault | operation | samples | p50 s | p90 s | max s |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        seconds = " | ".join(f"{value:.2f}" for value in row[3:])
        lines.append(f"| {row.fault} | {row.kind} | {row.samples} | {seconds} |")
    return "\n".join(lines)


def _quantile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that is not exceeded by this share of the samples."""
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]
