"""Checker of the counter: no increment is lost and none counts twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from tests.faults.database_log import Change
from tests.faults.history import Operation, of_kind
from tests.faults.transactions import COUNTER

__all__ = ["check_counter"]


def check_counter(operations: Iterable[Operation], changes: Iterable[Change]) -> list[str]:
    """Return a message for each violation."""
    violations = []
    value = 0
    for change in changes:
        if change.path != COUNTER:
            continue
        if change.value != str(value + 1):
            violations.append(
                f"the counter was {value}, and {change.revision} wrote {change.value!r}"
            )
        with suppress(ValueError):
            # Otherwise it is no number, as reported: the next write is expected as without it.
            value = int(change.value or 0)
    outcomes = Counter(each.outcome for each in of_kind(operations, "increment"))
    most = outcomes["ok"] + outcomes["unknown"]
    if not outcomes["ok"] <= value <= most:
        violations.append(f"the counter is {value}, after {outcomes['ok']} to {most} increments")
    return violations
