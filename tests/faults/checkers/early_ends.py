"""Leases that etcd ends too early: its defect 15247, and for how long an owner cannot know it.

A leader that was stopped or slow revokes leases when it continues, though their clients have
refreshed them at the next leader meanwhile. Corrected in etcd 3.4.31 and 3.5.13; see the known
limits in ``docs/explanation/limits.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.faults.history import Operation, of_kind

__all__ = ["CLUSTER", "ends_leases_early", "unknown_end_s"]

CLUSTER = "cluster"
"""Kind of the operation that records the version of etcd, as ``etcd``."""

CORRECTED: Mapping[tuple[int, int], int] = {(3, 4): 31, (3, 5): 13}
"""First patch release without the defect, by minor release; later ones never had it."""


def ends_leases_early(version: str) -> bool:
    """Return whether a version of etcd, such as ``3.4.23``, has the defect."""
    major, minor, patch = (int(number) for number in version.split("."))
    return patch < CORRECTED.get((major, minor), 0)


def unknown_end_s(operations: Iterable[Operation], ttl_s: float) -> float:
    """Return for how many seconds an owner may not know that its lease has ended.

    Args:
        operations: all operations of a run; one without a version has no defect.
        ttl_s: time to live of a lease in seconds: without a response for as long, its owner
            considers it lost.
    """
    versions = [each.details["etcd"] for each in of_kind(operations, CLUSTER)]
    return ttl_s if any(ends_leases_early(version) for version in versions) else 0.0
