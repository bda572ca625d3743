"""Completed observations, as the database shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.faults.database_log import Change
from tests.faults.history import Operation, of_kind

__all__ = ["completed"]

BLOCKS = "/eb/"
"""Prefix of the paths of execution blocks and their states."""


def completed(operations: Iterable[Operation], changes: Iterable[Change]) -> list[Operation]:
    """Return the operations of kind ``observation`` whose execution block the database confirms.

    It was created, and its status then became FINISHED. Two clients of one subarray may both have
    recorded it: one of them counts.
    """
    created: set[str] = set()
    finished: set[str] = set()
    for change in changes:
        if change.value is None or not change.path.startswith(BLOCKS):
            continue
        eb_id, _, part = change.path.removeprefix(BLOCKS).partition("/")
        if not part:
            created.add(eb_id)
        elif part == "state" and eb_id in created and is_finished(change.value):
            finished.add(eb_id)
    found = {
        each.details["eb_id"]: each
        for each in of_kind(operations, "observation")
        if each.details["eb_id"] in finished
    }
    return list(found.values())


def is_finished(state: str) -> bool:
    """Return whether the state of an execution block is that of a completed observation."""
    return bool(json.loads(state).get("status") == "FINISHED")
