"""Checker of transfers: the total of the accounts never changes, and no balance is negative."""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults.checkers.revision_times import by_revision
from tests.faults.database_log import Change
from tests.faults.history import Operation, of_kind
from tests.faults.transactions import ACCOUNTS, BALANCE

__all__ = ["check_transfers"]

TOTAL = len(ACCOUNTS) * BALANCE


def check_transfers(operations: Iterable[Operation], changes: Iterable[Change]) -> list[str]:
    """Return a message for each violation."""
    return [*_wrong_totals(changes), *_wrong_audits(of_kind(operations, "audit"))]


def _wrong_totals(changes: Iterable[Change]) -> Iterable[str]:
    balances = dict.fromkeys(ACCOUNTS, 0)
    # The first revision opens all accounts.
    expected = TOTAL
    total = 0
    for revision, group in by_revision(each for each in changes if each.path in balances):
        for change in group:
            try:
                balance = int(change.value or 0)
            except ValueError:
                yield f"{change.path} is no number at {revision}: {change.value!r}"
                continue
            total += balance - balances[change.path]
            balances[change.path] = balance
            if balance < 0:
                yield f"{change.path} is {balance} at {revision}"
        if total != expected:
            yield f"the total was {expected}, and is {total} at {revision}"
            expected = total


def _wrong_audits(audits: Iterable[Operation]) -> Iterable[str]:
    for audit in audits:
        if audit.outcome != "ok":
            continue
        read = audit.details.get("values", {})
        if missing := set(ACCOUNTS) - read.keys():
            yield f"{audit.name} did not read {', '.join(sorted(missing))}"
            continue
        values = [read[path] for path in ACCOUNTS]
        try:
            total = sum(int(value or 0) for value in values)
        except ValueError:
            yield f"{audit.name} read a balance that is no number: {values}"
            continue
        is_before_opening = all(value is None for value in values)
        if total != TOTAL and not is_before_opening:
            yield f"{audit.name} read the total {total} at {audit.revision}, not {TOTAL}"
