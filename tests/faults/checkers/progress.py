"""Checker of progress: all that runs has done something, and does so again after faults."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tests.faults.checkers.recovery import is_answer, program_of
from tests.faults.history import Operation, of_kind

__all__ = ["LEAST", "LONG_S", "check_progress"]

LONG_S = 180.0
"""Seconds after which a run has to have the least numbers of operations."""

LEAST: Mapping[str, int] = {
    "increment": 60,
    "transfer": 50,
    "audit": 20,
    "append": 40,
    "take": 5,
    "look": 5,
    "belief": 10,
    "release": 2,
    "command": 20,
    "event": 40,
    "mirror": 100,
    "observation": 1,
}
"""Numbers of successes that a long run has, by kind: a tenth of those on two busy cores."""

ALWAYS_BUSY = ("counter", "transfers", "lists", "ownership", "mirror", "commands")
"""Programs whose clients have answers all the time. An observation may wait for its blocks, and a
subscriber for changes."""


REJECTIONS = ("API_CommandNotAllowed", "Cannot take")
"""Begins of the errors of operations that the device or the database has rejected."""


def check_progress(operations: Sequence[Operation], limit_s: float) -> list[str]:
    """Return a sentence for each client and kind of operation without progress.

    Args:
        operations: all operations of a run.
        limit_s: seconds after the last fault of a round within which each client recovers.
    """
    return [*_too_few(operations), *_without_answers(operations, limit_s)]


def _too_few(operations: Sequence[Operation]) -> Iterable[str]:
    transactions = [each for each in operations if "mark" in each.details]
    if not any(each.outcome == "ok" for each in transactions):
        yield "no transaction took effect"
    begins = [each.began.monotonic for each in operations]
    if not begins or max(begins) - min(begins) < LONG_S:
        return
    found = Counter(each.kind for each in operations if each.outcome == "ok")
    for kind, least in LEAST.items():
        if found[kind] < least:
            yield f"only {found[kind]} operations of kind {kind}, expected at least {least}"


def _without_answers(operations: Sequence[Operation], limit_s: float) -> Iterable[str]:
    """Find clients without an answer in a rest between two rounds of faults."""
    ends = {each.details["name"]: each.began.monotonic for each in of_kind(operations, "killed")}
    answers: defaultdict[str, list[float]] = defaultdict(list)
    for each in operations:
        if is_answer(each) or _is_rejected(each):
            answers[each.client].append(each.ended.monotonic)
    # A rest that was interrupted has no end.
    rests = [each for each in of_kind(operations, "rest") if each.outcome == "ok"]
    for rest in rests:
        begin, end = rest.began.monotonic + limit_s, rest.ended.monotonic
        for started in of_kind(operations, "started"):
            name = started.details["name"]
            is_due = started.began.monotonic < rest.began.monotonic and begin < end
            if not is_due or program_of(name) not in ALWAYS_BUSY:
                continue
            if ends.get(name, math.inf) > end and not any(
                begin <= answer <= end for answer in answers[name]
            ):
                yield f"{name} had no answer from {begin:.3f} to {end:.3f}, long after all faults"


def _is_rejected(operation: Operation) -> bool:
    error = operation.details.get("error")
    return operation.outcome == "failed" and str(error).startswith(REJECTIONS)
