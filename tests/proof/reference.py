"""Reference model of a strictly serializable store and its transactions.

The library is compared with it, so it shares no code with it: it keeps the complete state of each
revision, and compares paths as text.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.support.listing import Listing

__all__ = ["Attempt", "Exists", "History", "LeaseEnded", "Missing", "State", "Stored"]


class Exists(Exception):
    """A path to be created exists."""


class Missing(Exception):
    """A path to be changed does not exist."""


class LeaseEnded(Exception):
    """The lease of a path to be created has ended."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A value with the revisions of its creation and last write, and its lease ID."""

    value: str
    created: int
    modified: int
    lease: int = 0


State = dict[str, Stored]


def members(listing: Listing, state: State) -> dict[str, int]:
    """Return the paths of a listing with the revisions of their creation."""
    return {path: stored.created for path, stored in state.items() if path in listing}


def listings(start: str, recurse: int | Iterable[int]) -> list[Listing]:
    levels = range(recurse + 1) if isinstance(recurse, int) else recurse
    return [Listing(start, level) for level in levels]


class History:
    """All states of the store, by revision."""

    def __init__(self, revision: int) -> None:
        self._revisions = [revision]
        self._states: list[State] = [{}]
        self.compacted = 0
        self.ended_leases: set[int] = set()

    @property
    def first(self) -> int:
        """Revision of the first, empty state."""
        return self._revisions[0]

    @property
    def revision(self) -> int:
        """Revision of the newest state."""
        return self._revisions[-1]

    @property
    def newest(self) -> State:
        """Newest state."""
        return self._states[-1]

    def at(self, revision: int) -> State:
        """Return the state at a revision: that of the last change up to it."""
        return self._states[bisect.bisect_right(self._revisions, revision) - 1]

    def advance(self, revision: int, state: State) -> None:
        """Append a new state."""
        assert revision > self.revision, "a commit gets a revision of its own"
        self._revisions.append(revision)
        self._states.append(state)

    def end_lease(self, lease: int) -> bool:
        """End a lease; return whether keys are attached, which the next revision deletes."""
        self.ended_leases.add(lease)
        return any(stored.lease == lease for stored in self.newest.values())

    def without_lease(self, lease: int) -> State:
        """Return the newest state without the keys of a lease."""
        return {p: stored for p, stored in self.newest.items() if stored.lease != lease}


@dataclass(frozen=True, slots=True)
class Put:
    path: str
    value: str
    # None keeps the lease of the key.
    lease: int | None


@dataclass(frozen=True, slots=True)
class Remove:
    path: str
    below: bool = False

    def __contains__(self, path: object) -> bool:
        return path == self.path or (
            self.below and isinstance(path, str) and path.startswith(f"{self.path}/")
        )


Effect = Put | Remove


def apply(effects: Sequence[Effect], state: State, revision: int) -> State:
    """Return the state after a commit with these effects, in order."""
    after = dict(state)
    for effect in effects:
        if isinstance(effect, Remove):
            after = {path: stored for path, stored in after.items() if path not in effect}
            continue
        lease = effect.lease
        if lease is None:
            lease = after[effect.path].lease
        # A key that is deleted and created within one commit keeps its creation.
        before = state.get(effect.path)
        created = before.created if before else revision
        after[effect.path] = Stored(effect.value, created, revision, lease)
    return after


@dataclass
class Attempt:
    """One attempt at a transaction.

    Attributes:
        history: the store.
        pinned: revision of its reads, 0 before the first.
        doomed: whether its revision was compacted after a change of what it had read.
    """

    history: History
    pinned: int = 0
    doomed: bool = False
    effects: list[Effect] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    listed: set[Listing] = field(default_factory=set)

    def pin(self, revision: int) -> None:
        """Set the revision at which the library reads.

        It is the newest one at the first read, and does not change unless it is compacted: then
        it may be the newest one again.
        """
        if revision == self.pinned:
            return
        assert revision >= self.history.revision, "a first read is of the newest revision"
        if self.pinned:
            assert self.pinned < self.history.compacted, "a snapshot that is kept stays pinned"
            self.doomed = bool(self.changed())
        self.pinned = revision

    def writes_itself(self, path: str) -> bool:
        """Return whether the attempt itself has written or deleted a path."""
        return any(path == e.path if isinstance(e, Put) else path in e for e in self.effects)

    def get(self, path: str) -> str | None:
        if not self.writes_itself(path):
            self.read.add(path)
        stored = self._view().get(path)
        return stored.value if stored else None

    def get_many(self, paths: Iterable[str]) -> dict[str, str | None]:
        return {path: self.get(path) for path in paths}

    def peek_keys(self, start: str, recurse: int | Iterable[int] = 0) -> list[str]:
        listed = listings(start, recurse)
        return sorted(p for p in self._view() if any(p in listing for listing in listed))

    def list_keys(self, start: str, recurse: int | Iterable[int] = 0) -> list[str]:
        self.listed.update(listings(start, recurse))
        return self.peek_keys(start, recurse)

    def list_values(
        self, start: str, recurse: int | Iterable[int] = 0
    ) -> list[tuple[str, str | None]]:
        return [(path, self.get(path)) for path in self.list_keys(start, recurse)]

    def create(self, path: str, value: str, lease: int = 0) -> None:
        if self.get(path) is not None:
            raise Exists(path)
        self.effects.append(Put(path, value, lease))

    def update(self, path: str, value: str) -> None:
        if self.get(path) is None:
            raise Missing(path)
        self.effects.append(Put(path, value, None))

    def delete(self, path: str, must_exist: bool = True, recursive: bool = False) -> None:
        if must_exist and self.get(path) is None:
            raise Missing(path)
        self.effects.append(Remove(path, below=recursive))

    def changed(self) -> set[str]:
        """Return the paths whose change since the snapshot is a conflict."""
        before, now = self.history.at(self.pinned), self.history.newest
        changed = {
            path
            for path in self.read
            if (path in before or path in now)
            and (path not in before or path not in now or before[path] != now[path])
        }
        for listing in self.listed:
            changed |= {
                p for p, _ in members(listing, before).items() ^ members(listing, now).items()
            }
        return changed

    def writes(self) -> bool:
        """Return whether there is anything to commit."""
        before = self.history.at(self.pinned)
        last = {effect.path: effect for effect in self.effects}
        known_absent = self.read - before.keys()
        return any(
            isinstance(effect, Put) or path not in known_absent for path, effect in last.items()
        ) or any(isinstance(effect, Remove) and effect.below for effect in self.effects)

    def result(self, revision: int) -> State:
        """Return the state after its commit.

        Raises:
            LeaseEnded: it names a lease that has ended.
        """
        state = apply(self.effects, self.history.newest, revision)
        if any(stored.lease in self.history.ended_leases for stored in state.values()):
            raise LeaseEnded
        return state

    def _view(self) -> State:
        return apply(self.effects, self.history.at(self.pinned), self.pinned)
