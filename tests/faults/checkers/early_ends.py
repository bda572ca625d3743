"""Leases that etcd ends too early, and how long their owners are excused.

A leader that was stopped or slow revokes leases when it continues, although their clients have
refreshed them through the new leader: https://github.com/etcd-io/etcd/issues/15247.
``docs/explanation/limits.md`` describes the effect on users.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tests.faults.history import Operation, of_kind

__all__ = ["CLUSTER", "ends_leases_early", "excused_s", "too_many_excused"]

CLUSTER = "cluster"
"""Kind of the operation that records the version of etcd, as ``etcd``."""

CORRECTED: Mapping[tuple[int, int], int] = {(3, 4): 31, (3, 5): 13}
"""First patch release without the defect of each supported minor release; 3.6 never had it."""

EXCUSED_AT_ONCE = 10
"""Greatest number of excused messages in a short run: leases of some clients may end together."""

SECONDS_PER_EXCUSED = 60.0
"""Seconds of a run that allow one more excused message."""


def ends_leases_early(version: str) -> bool:
    """Return whether a version of etcd, such as ``3.4.23``, has the defect."""
    major, minor, patch = map(int, re.findall(r"\d+", version)[:3])
    return patch < CORRECTED.get((major, minor), 0)


def excused_s(operations: Iterable[Operation], ttl_s: float) -> float:
    """Return for how many seconds an owner may consider a lease alive that etcd has ended.

    It is 0 if etcd has no such defect, or if no operation records its version.

    Args:
        operations: all operations of a run.
        ttl_s: time to live of a lease in seconds: after as long without a refresh, its owner
            considers it lost.
    """
    versions = [each.details["etcd"] for each in of_kind(operations, CLUSTER)]
    return ttl_s if any(ends_leases_early(version) for version in versions) else 0.0


def too_many_excused(excused: int, seconds: float) -> list[str]:
    """Return a message if so much is excused that refreshes may not detect a lost lease.

    Args:
        excused: number of excused messages about ownership.
        seconds: duration of the run.
    """
    most = EXCUSED_AT_ONCE + int(seconds / SECONDS_PER_EXCUSED)
    if excused <= most:
        return []
    return [f"{excused} messages about ownership are excused, expected at most {most}"]
