"""Recovery times: from the end of a fault until the first answer, or the first shown change."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.faults.history import Operation

__all__ = ["Recovery", "is_answer", "is_error", "program_of", "quantile", "recoveries", "table"]

NO_ANSWERS = (
    *("cluster", "fault", "rest", "started", "killed"),
    *("belief", "mirroring", "ended", "closing", "closed"),
)
"""Kinds of operations that need neither the database nor a device."""

NO_SIGNS = ("cluster", "fault", "rest", "started", "killed", "belief", "prune")
"""Kinds of operations after which a client need not have an answer, or has one only after a pause
that is longer than a recovery."""


class Recovery(NamedTuple):
    """Recovery times of the clients of one program after one kind of fault, in seconds.

    Attributes:
        fault: kind of the fault.
        program: name of the clients without their numbers.
        samples: number of samples, one for each fault and client.
        p50: median.
        p90: 90th percentile.
        most: maximum, infinite if a client had no answer after a fault.
    """

    fault: str
    program: str
    samples: int
    p50: float
    p90: float
    most: float


def recoveries(operations: Iterable[Operation]) -> list[Recovery]:
    """Return the recovery times by kind of fault and program of the client.

    Faults are operations of kind ``fault`` with the detail ``fault``. A client that began nothing
    after the end of a fault, as it had ended, does not count. Clients that only receive begin
    nothing: they record their end, and do not recover if nothing is received until then.
    """
    faults: list[Operation] = []
    answers: defaultdict[str, list[float]] = defaultdict(list)
    last_begins: dict[str, float] = {}
    for each in operations:
        if each.kind == "fault" and each.was_in_effect:
            faults.append(each)
        if each.kind in NO_SIGNS:
            continue
        begun = last_begins.get(each.client, -math.inf)
        last_begins[each.client] = max(begun, each.began.monotonic)
        if is_answer(each):
            answers[each.client].append(each.ended.monotonic)
    samples: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for client, begun in last_begins.items():
        times = sorted(answers[client])
        for fault in faults:
            end = fault.ended.monotonic
            if begun < end:
                continue
            place = bisect_left(times, end)
            recovered = times[place] - end if place < len(times) else math.inf
            samples[fault.details["fault"], program_of(client)].append(recovered)
    return [
        Recovery(*key, len(found), quantile(found, 0.5), quantile(found, 0.9), max(found))
        for key, found in sorted(samples.items())
    ]


def is_answer(operation: Operation) -> bool:
    """Return whether an operation shows that the database or the device responds."""
    is_other = operation.kind in NO_ANSWERS or is_error(operation)
    return operation.outcome == "ok" and not is_other


def is_error(operation: Operation) -> bool:
    """Return whether an operation is the error of a subscription, recorded as an event."""
    return operation.kind == "event" and bool(operation.details["error"])


def program_of(client: str) -> str:
    """Return the name of a client without its number: ``counter`` for ``counter-1``."""
    name, _, number = client.rpartition("-")
    return name if number.isdigit() else client


def table(rows: Iterable[Recovery]) -> str:
    """Return the recovery times as a table in Markdown."""
    lines = [
        "| fault | client | samples | p50 s | p90 s | max s |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        seconds = " | ".join(f"{value:.2f}" for value in row[3:])
        lines.append(f"| {row.fault} | {row.program} | {row.samples} | {seconds} |")
    return "\n".join(lines)


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that is not exceeded by this share of the samples."""
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]
