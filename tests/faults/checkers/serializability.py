"""Checker of all transactions for strict serializability, by revision and real time."""

from __future__ import annotations

from collections.abc import Iterable

from tests.faults.database_log import Change
from tests.faults.history import Operation
from tests.faults.transactions import is_transactional, record
from tests.support.serializability import check

__all__ = ["check_serializability"]


def check_serializability(operations: Iterable[Operation], changes: Iterable[Change]) -> list[str]:
    """Return a message for each violation.

    A transaction without the detail ``mark`` has not reached a commit, so it wrote nothing.
    """
    records = [record(each) for each in operations if "mark" in each.details]
    return check(records, (each.event for each in changes if is_transactional(each.path)))
