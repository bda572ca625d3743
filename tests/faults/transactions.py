"""Paths of the transactions under faults, and their form for the checker of serializability."""

from __future__ import annotations

import math

from tests.faults.history import Operation
from tests.support.listing import Listing
from tests.support.serializability import Record

__all__ = ["ACCOUNTS", "BALANCE", "COUNTER", "DATA", "LISTS", "is_transactional", "record"]

DATA = "/faults/"
MARKS = "/mark/"

COUNTER = f"{DATA}counter"
ACCOUNTS = [f"{DATA}account/{name}" for name in "abcdefgh"]
BALANCE = 100
"""Balance of a new account."""

LISTS = [f"{DATA}list/{name}" for name in "abcdef"]


def is_transactional(path: str) -> bool:
    """Return whether only recorded transactions write a path."""
    return path.startswith((DATA, MARKS))


def record(operation: Operation) -> Record:
    """Return a transaction in the form of the checker of serializability."""
    details = operation.details
    is_known = operation.outcome != "unknown"
    return Record(
        name=operation.name,
        began=operation.began.monotonic,
        ended=operation.ended.monotonic if is_known else math.inf,
        outcome="committed" if operation.outcome == "ok" else operation.outcome,
        revision=operation.revision,
        mark=details.get("mark"),
        values=details.get("values", {}),
        lists={Listing(start): paths for start, paths in details.get("lists", {}).items()},
        writes=details.get("writes", {}),
    )
