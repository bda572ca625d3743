"""Checker of states that did not continue: a timeout ends each pending obsState."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.faults.checkers.events import Period, merged, without
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.history import Operation, of_kind

__all__ = ["check_stuck"]

TIMEOUT_S = 60.0
"""The devices' default timeout of a pending obsState, in seconds."""

ALLOWANCE_S = 10.0
"""Seconds for a device to connect again after an outage, and to find and write the timeout."""


def check_stuck(
    operations: Iterable[Operation], outages: Iterable[Period]
) -> tuple[list[str], int]:
    """Return a message for each state that did not continue, and the number of excused ones.

    Timeouts count from the time of the command by the wall clock. Some steps of the clock make
    them longer.

    Args:
        operations: operations, of which commands, faults, and those of kind ``stuck`` count.
        outages: periods in which a device may not read the database, or not write the timeout.
    """
    operations = list(operations)
    outages = merged(outages)
    steps = [each for each in of_kind(operations, "fault") if "ahead_s" in each.details]
    commands: defaultdict[str, list[Operation]] = defaultdict(list)
    for each in of_kind(operations, "command"):
        if each.outcome != "failed":
            commands[each.details["subarray"]].append(each)
    violations, excused = [], 0
    for each in of_kind(operations, "stuck"):
        sent = commands[each.details["subarray"]]
        if _is_begun_again(each, sent):
            continue
        if _is_in_outage(each, outages) or _is_longer(each, sent, steps):
            excused += 1
        else:
            violations.append(_message(each))
    return violations, excused


def _is_begun_again(stuck: Operation, commands: Iterable[Operation]) -> bool:
    """Return whether another client's command may have begun or ended the state meanwhile."""
    since, at = stuck.details["since"], stuck.began.monotonic
    return any(since < each.began.monotonic < at for each in commands)


def _is_in_outage(stuck: Operation, outages: Sequence[Period]) -> bool:
    """Return whether a device had no time after the timeout to find and write it."""
    period = stuck.details["since"] + TIMEOUT_S, stuck.began.monotonic
    return all(stop - start <= ALLOWANCE_S for start, stop in without(period, outages))


def _is_longer(
    stuck: Operation, commands: Iterable[Operation], steps: Iterable[Operation]
) -> bool:
    """Return whether a step of the clock made the timeout longer.

    A device that stores a time ahead, or waits while it is behind, waits for as much longer.
    """
    since = stuck.details["since"]
    began = accepted = since
    begun = [each for each in commands if each.began.monotonic <= since]
    if begun:
        last = max(begun, key=lambda each: each.began)
        began, accepted = last.began.monotonic, min(last.ended.monotonic, since)
    for step in steps:
        until = accepted if step.details["ahead_s"] > 0 else stuck.began.monotonic
        if step.began.monotonic <= until and began <= step.ended.monotonic + SEEN_WITHIN_S:
            return True
    return False


def _message(stuck: Operation) -> str:
    details = stuck.details
    return (
        f"{stuck.name}: subarray {details['subarray']} stayed {details['state']} with obsState "
        f"{details['obs_state']} from {details['since']:.3f} until {stuck.began.monotonic:.3f}"
    )
