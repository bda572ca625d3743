"""Checker of ownership: nothing is held by two clients, and none believes that it holds more."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.checkers.revision_times import RevisionTimes
from tests.faults.database_log import Change
from tests.faults.history import Operation, of_kind

__all__ = ["check_ownership"]

OwnerAt = Callable[[Operation], "str | None"]
"""Owner of the path of an operation at its revision."""


@dataclass
class _Holds:
    """Periods in which one owner held one path; both bounds increase.

    Attributes:
        begins: earliest possible begin of each.
        ends: latest possible end of each.
    """

    begins: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def may_overlap(self, began: float, ended: float) -> bool:
        """Return whether the path was possibly held at some time in a period."""
        place = bisect_left(self.ends, began)
        return place < len(self.begins) and self.begins[place] <= ended


def check_ownership(
    operations: Sequence[Operation],
    changes: Iterable[Change],
    times: RevisionTimes,
    excused_s: float = 0.0,
) -> list[str]:
    """Return a message for each violation.

    Args:
        operations: all operations of a run.
        changes: all changes of its database.
        times: times of the revisions.
        excused_s: seconds for which an owner may consider a lease alive that etcd has ended. If
            it is more than 0, a key may also be deleted while a release fails.
    """
    paths = {each.details["path"] for each in of_kind(operations, "take")}
    owners: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.path in paths:
            owners[change.path].append(change)
    revisions = {path: [each.revision for each in found] for path, found in owners.items()}

    def owner_at(operation: Operation) -> str | None:
        """Return the owner of the operation's path at its revision."""
        path = operation.details["path"]
        place = bisect_right(revisions.get(path, []), operation.revision)
        return owners[path][place - 1].value if place else None

    releases = of_kind(operations, "release")
    return [
        *_handed_over(owners),
        *_unexplained(of_kind(operations, "take"), owners, times),
        *_wrong_looks(of_kind(operations, "look"), owner_at),
        *_ineffective_releases(releases, owner_at),
        *([] if excused_s else _effective_failures(releases, owners, times)),
        *_wrong_beliefs(of_kind(operations, "belief"), _holds(owners, times, excused_s)),
    ]


def _handed_over(owners: dict[str, list[Change]]) -> Iterable[str]:
    """Find paths whose owner was replaced without a release."""
    for path, changes in owners.items():
        before: str | None = None
        for change in changes:
            if before is not None and change.value not in (None, before):
                yield f"{path} was held by {before}, and {change.revision} wrote {change.value}"
            before = change.value


def _unexplained(
    takes: Iterable[Operation], owners: dict[str, list[Change]], times: RevisionTimes
) -> Iterable[str]:
    """Find takes without effect, and effects without a take."""
    confirmed: dict[tuple[str, int], Operation] = {}
    unknown: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for take in takes:
        path, owner = take.details["path"], take.details["owner"]
        if take.outcome == "ok":
            confirmed[path, take.revision] = take
        elif take.outcome == "unknown":
            unknown[path, owner].append(take.began.monotonic)
    for path, changes in owners.items():
        for change in changes:
            if change.value is None or change.is_present:
                continue
            found = confirmed.pop((path, change.revision), None)
            if found is not None and found.details["owner"] == change.value:
                continue
            begun = unknown[path, change.value]
            if begun and begun[0] <= times.latest(change.revision):
                del begun[0]
            else:
                yield f"{change.value} holds {path} since {change.revision}, and did not take it"
    for take in confirmed.values():
        yield f"{take.name} took {take.details['path']} at {take.revision} without effect"


def _wrong_looks(looks: Iterable[Operation], owner_at: OwnerAt) -> Iterable[str]:
    """Find looks at the ownership that the database contradicts at their revision.

    An owner may consider itself none if its lease has ended: its key exists for a while longer.
    """
    for look in looks:
        if look.outcome != "ok":
            continue
        path, owner = look.details["path"], owner_at(look)
        is_owner = owner == look.details["owner"]
        if look.details["held"] and not is_owner:
            yield f"{look.name} is no owner of {path} at {look.revision}: it is {owner}"
        elif is_owner and look.details["alive"] and not look.details["held"]:
            yield f"{look.name} is the owner of {path} at {look.revision}, and read the opposite"


def _ineffective_releases(releases: Iterable[Operation], owner_at: OwnerAt) -> Iterable[str]:
    """Find owners whose key exists at the revision of their release."""
    for each in releases:
        is_certain = each.outcome == "ok" and each.details["alive"]
        if is_certain and owner_at(each) == each.details["owner"]:
            path = each.details["path"]
            yield f"{each.name} released {path} at {each.revision} without effect"


def _effective_failures(
    releases: Iterable[Operation], owners: dict[str, list[Change]], times: RevisionTimes
) -> Iterable[str]:
    """Find failed releases during which the key was deleted, though the lease was alive."""
    for each in releases:
        if each.outcome != "failed" or not each.details["alive"]:
            continue
        path = each.details["path"]
        for before, change in pairwise(owners.get(path, [])):
            if before.value != each.details["owner"] or change.value is not None:
                continue
            earliest, latest = times.earliest(change.revision), times.latest(change.revision)
            if each.began.monotonic <= earliest and latest <= each.ended.monotonic:
                yield f"{each.name} failed to release {path}, and {change.revision} deleted it"


def _holds(
    owners: dict[str, list[Change]], times: RevisionTimes, excused_s: float
) -> dict[tuple[str, str], _Holds]:
    """Return the periods in which each client may have considered itself the owner of a path."""
    found: defaultdict[tuple[str, str], _Holds] = defaultdict(_Holds)
    for path, changes in owners.items():
        for place, change in enumerate(changes):
            if change.value is None:
                continue
            end = math.inf
            if place + 1 < len(changes):
                end = times.latest(changes[place + 1].revision) + excused_s
            holds = found[path, change.value]
            holds.begins.append(times.earliest(change.revision))
            holds.ends.append(end)
    return found


def _wrong_beliefs(
    beliefs: Iterable[Operation], holds: dict[tuple[str, str], _Holds]
) -> Iterable[str]:
    """Find clients that believed to hold a path when they certainly did not."""
    for belief in beliefs:
        if belief.outcome != "ok" or not belief.details["held"]:
            continue
        path, owner = belief.details["path"], belief.details["owner"]
        held = holds.get((path, owner))
        began, ended = belief.began.monotonic, belief.ended.monotonic
        if held is None or not held.may_overlap(began, ended):
            yield f"{belief.name} believed to hold {path} at {began:.3f}, and did not"
