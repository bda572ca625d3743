"""Checker of the durations of commands: also in an outage of etcd they end in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.faults.checkers.events import Period
from tests.faults.history import Operation, of_kind

__all__ = ["ALLOWANCE_S", "PROMISED_S", "check_durations"]

PROMISED_S = 3.0
"""Seconds after which a command has ended, whatever the state of etcd."""

ALLOWANCE_S = 2.0
"""Further seconds for a busy machine."""


def check_durations(operations: Iterable[Operation], excused: Sequence[Period]) -> list[str]:
    """Return a sentence for each command that took too long.

    Args:
        operations: operations, of which the commands count; the last one ends the run.
        excused: periods in which the server of a command may be ended or suspended, and those
            around steps of the clock.
    """
    operations = list(operations)
    until = max((each.began.monotonic for each in operations), default=0.0)
    faults = []
    for each in of_kind(operations, "command"):
        began, ended = each.began.monotonic, min(each.ended.monotonic, until)
        is_excused = any(begin <= ended and began <= end for begin, end in excused)
        # A command without an answer lasts until the end of the run.
        if ended - began > PROMISED_S + ALLOWANCE_S and not is_excused:
            faults.append(
                f"{each.name}: {each.details['command']} took {ended - began:.1f} s, and not at "
                f"most {PROMISED_S:g} s"
            )
    return faults
