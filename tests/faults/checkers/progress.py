"""Checker of progress: each client completes operations, also after faults."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from ska_sdp_config.lmc.rejections import Reason
from tests.faults.checkers.events import Period, merged, without
from tests.faults.checkers.observations import completed
from tests.faults.checkers.recovery import is_answer, is_error, program_of
from tests.faults.database_log import Change
from tests.faults.faults.names import CLIENT_KILLED, CLIENT_PAUSED, COMPACTIONS
from tests.faults.history import Operation, of_kind
from tests.faults.limits import PATIENCE_S

__all__ = ["LONG_RUN_S", "MIN_SUCCESSES", "check_progress", "duration"]

LONG_RUN_S = 180.0
"""Seconds from which on a run has to have the minimum numbers of operations."""

MIN_SUCCESSES: Mapping[str, float] = {
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
    "observation": 0.3,
}
"""Minimum number of successes per LONG_RUN_S, by kind: a tenth of those on two busy cores.

That of observations is 1 from ten minutes on only: in a shorter run, a few faults may interrupt
each observation."""

ALWAYS_BUSY = ("counter", "transfers", "lists", "ownership", "mirror", "commands")
"""Programs whose clients have answers all the time. An observation may wait for its blocks, and a
subscriber for changes."""

REJECTING_NOTHING = (COMPACTIONS, CLIENT_PAUSED, CLIENT_KILLED)
"""Kinds of faults in which no command of a client that observes is rejected."""

OBSERVES = "observations"
"""Program whose clients have an accepted command as often as their patience ends."""

PRUNES = "pruning"
"""Program whose client removes execution blocks that have ended."""

PRUNING_RUN_S = 600.0
"""Seconds from which on this client must have removed some. About ten observations end each
minute, and each is removed once it is a minute old."""

REJECTION_PREFIXES = (Reason.NOT_ALLOWED.value, "Cannot take")
"""Prefixes of the errors of operations that the device or the database has rejected."""


def check_progress(
    operations: Sequence[Operation],
    changes: Iterable[Change],
    limit_s: float,
    outages: Iterable[Period] = (),
) -> list[str]:
    """Return a message for each client and kind of operation without progress.

    Args:
        operations: all operations of a run.
        changes: all changes of its database.
        limit_s: seconds after the last fault of a round within which each client recovers.
        outages: periods in which the database does not respond.
    """
    return [
        *_too_few(operations, len(completed(operations, changes))),
        *_without_answers(operations, limit_s),
        *_without_commands(operations, limit_s, outages),
        *_without_removals(operations),
    ]


def duration(operations: Iterable[Operation]) -> float:
    """Return the seconds from the first to the last start of an operation."""
    begins = [each.began.monotonic for each in operations]
    return max(begins, default=0.0) - min(begins, default=0.0)


def _too_few(operations: Sequence[Operation], observations: int) -> Iterable[str]:
    transactions = [each for each in operations if "mark" in each.details]
    if not any(each.outcome == "ok" for each in transactions):
        yield "no transaction took effect"
    seconds = duration(operations)
    if seconds < LONG_RUN_S:
        return
    found = Counter(
        each.kind for each in operations if each.outcome == "ok" and not is_error(each)
    )
    # Those that the database confirms.
    found["observation"] = observations
    for kind, number in MIN_SUCCESSES.items():
        least = math.floor(number * seconds / LONG_RUN_S)
        if found[kind] < least:
            yield f"only {found[kind]} operations of kind {kind}, expected at least {least}"


def _without_answers(operations: Sequence[Operation], limit_s: float) -> Iterable[str]:
    """Find clients without an answer in a rest between two rounds of faults."""
    ends = {each.details["name"]: each.began.monotonic for each in of_kind(operations, "killed")}
    answers: defaultdict[str, list[float]] = defaultdict(list)
    for each in operations:
        if is_answer(each) or _is_rejected(each):
            answers[each.client].append(each.ended.monotonic)
    for times in answers.values():
        times.sort()
    clients = [
        (each.details["name"], each.began.monotonic)
        for each in of_kind(operations, "started")
        if program_of(each.details["name"]) in ALWAYS_BUSY
    ]
    for rest in _rests(operations):
        begin, end = rest.began.monotonic + limit_s, rest.ended.monotonic
        if begin >= end:
            continue
        for name, started in clients:
            if started >= rest.began.monotonic or ends.get(name, math.inf) <= end:
                continue
            place = bisect_left(answers[name], begin)
            if place == len(answers[name]) or answers[name][place] > end:
                yield f"{name} had no answer from {begin:.3f} to {end:.3f}, long after all faults"


def _without_commands(
    operations: Sequence[Operation], limit_s: float, outages: Iterable[Period]
) -> Iterable[str]:
    """Find clients that observe and had no accepted command for too long.

    The times of outages, and of faults in which commands to their subarray may be rejected, do
    not count; nor do those of states that did not continue, which another checker judges.
    """
    faults = [
        each
        for each in of_kind(operations, "fault")
        if each.details["fault"] not in REJECTING_NOTHING
    ]
    outages = list(outages)
    stuck: defaultdict[str, list[Period]] = defaultdict(list)
    for each in of_kind(operations, "stuck"):
        stuck[each.client].append((each.details["since"], each.began.monotonic))
    accepted: defaultdict[str, list[float]] = defaultdict(list)
    subarrays: dict[str, str] = {}
    for each in of_kind(operations, "command"):
        subarrays[each.client] = each.details["subarray"]
        if each.outcome == "ok":
            accepted[each.client].append(each.ended.monotonic)
    until = max((each.ended.monotonic for each in _rests(operations)), default=-math.inf)
    for started in of_kind(operations, "started"):
        name = started.details["name"]
        if program_of(name) != OBSERVES:
            continue
        times = sorted(each for each in accepted[name] if each < until)
        # Of a client that has sent nothing, the subarray is unknown.
        rejecting = [
            (each.began.monotonic, each.ended.monotonic)
            for each in faults
            if name not in subarrays or each.concerns(subarrays[name])
        ]
        left_out = merged([*rejecting, *outages, *stuck[name]])
        for begin, end in pairwise([started.began.monotonic, *times, until]):
            seconds = sum(stop - start for start, stop in without((begin, end), left_out))
            if seconds > PATIENCE_S + limit_s:
                yield (
                    f"{name} had no accepted command from {begin:.3f} to {end:.3f}, of which "
                    f"{seconds:.0f} s without a fault"
                )


def _without_removals(operations: Sequence[Operation]) -> Iterable[str]:
    """Find a long run whose client that prunes has removed nothing."""
    prunes = any(
        program_of(each.details["name"]) == PRUNES for each in of_kind(operations, "started")
    )
    if not prunes or duration(operations) < PRUNING_RUN_S:
        return
    if not any(each.details.get("removed") for each in of_kind(operations, "prune")):
        yield "no execution block that had ended was removed"


def _rests(operations: Iterable[Operation]) -> list[Operation]:
    """Return the rests between faults; one that was interrupted has no end."""
    return [each for each in of_kind(operations, "rest") if each.outcome == "ok"]


def _is_rejected(operation: Operation) -> bool:
    error = operation.details.get("error")
    return operation.outcome == "failed" and str(error).startswith(REJECTION_PREFIXES)
