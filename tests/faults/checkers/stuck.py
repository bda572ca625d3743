"""Checker of observations that did not continue: a timeout ends each pending obsState."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.faults.checkers.events import Period
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.history import Operation, of_kind

__all__ = ["check_stuck"]


def check_stuck(operations: Sequence[Operation], steps: Iterable[Period]) -> list[str]:
    """Return a sentence for each observation that was stuck without a step of the clock.

    Timeouts count from the time of the command by the wall clock, which a step changes.

    Args:
        operations: operations, of which commands and those of kind ``stuck`` count.
        steps: periods in which the clock was stepped.
    """
    steps = list(steps)
    faults = []
    for each in of_kind(operations, "stuck"):
        subarray, ended = each.details["subarray"], each.began.monotonic
        begins = [
            command.began.monotonic
            for command in of_kind(operations, "command")
            if command.details["subarray"] == subarray and command.outcome != "failed"
        ]
        began = max((begin for begin in begins if begin < ended), default=ended)
        if not any(begin <= ended and began <= end + SEEN_WITHIN_S for begin, end in steps):
            faults.append(
                f"{each.name}: subarray {subarray} stayed in {each.details['obs_state']} since "
                f"{began:.3f} until {ended:.3f}"
            )
    return faults
