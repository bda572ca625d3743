"""Checker of the durations of commands: also in an outage of etcd they end in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.faults.checkers.events import Period, merged, without
from tests.faults.history import Operation, of_kind

__all__ = ["ALLOWANCE_S", "PROMISED_S", "check_durations"]

PROMISED_S = 3.0
"""Seconds after which a command has ended, whatever the state of etcd."""

ALLOWANCE_S = 2.0
"""Further seconds for a busy machine."""


def check_durations(
    operations: Iterable[Operation], excused: Callable[[str], Iterable[Period]]
) -> list[str]:
    """Return a message for each command that took too long.

    Args:
        operations: operations, of which the commands count; the last one ends the run.
        excused: returns the periods in which the server of a subarray may be ended or suspended,
            and those around steps of the clock. The time of a command begins again after them.
    """
    operations = list(operations)
    commands = of_kind(operations, "command")
    subarrays = {each.details["subarray"] for each in commands}
    periods = {subarray: merged(excused(subarray)) for subarray in subarrays}
    until = max((each.began.monotonic for each in operations), default=0.0)
    violations = []
    for each in commands:
        began, ended = each.began.monotonic, min(each.ended.monotonic, until)
        # A command without an answer lasts until the end of the run.
        own = periods[each.details["subarray"]]
        longest = max((stop - start for start, stop in without((began, ended), own)), default=0)
        if longest > PROMISED_S + ALLOWANCE_S:
            violations.append(
                f"{each.name}: {each.details['command']} took {ended - began:.1f} s, of which "
                f"{longest:.1f} s without a fault that delays it, and not at most {PROMISED_S:g} s"
            )
    return violations
