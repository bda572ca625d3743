"""Watcher loops, step by step: each view is compared with the reference model.

The loops are advanced explicitly, and only when their reads are stale in the model: then they have
to iterate.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ska_sdp_config.config import Config
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.transaction import Transaction

from .databases import DatabaseUnderTest, observe
from .reference import Attempt, History

__all__ = ["Watchers"]

MISSED_AFTER_S = 30.0
"""Seconds after which a loop that should have iterated has missed a change."""

PATHS = ["/a", "/a/x", "/a/y", "/a/x/z", "/ab", "/b"]
PATH = st.sampled_from(PATHS)
READ = st.one_of(
    st.tuples(st.just("get"), PATH),
    st.tuples(st.just("get_many"), st.lists(PATH, min_size=1, max_size=4)),
    st.tuples(
        st.sampled_from(["list_keys", "list_values"]),
        st.sampled_from(["/", "/a", "/a/", "/a/x", "/b/"]),
        st.sampled_from([0, 0, 1, 2]),
    ),
)
READS = st.lists(READ, min_size=1, max_size=3)
WRITES = st.lists(st.tuples(PATH, st.sampled_from(["1", "2", None])), min_size=1, max_size=3)
PREFETCH = st.lists(PATH | st.sampled_from(["/", "/a/"]), max_size=2)

NUMBER = st.integers(0, 1)
# Writes of others between two reads of a body, and whether they are compacted.
MEANWHILE = st.none() | st.tuples(WRITES, st.booleans())

Reads = list[tuple[Any, ...]]
Writes = list[tuple[str, str | None]]
Meanwhile = tuple[Writes, bool]


FOLLOWED = ("/a/", "/b")
"""Prefixes that each loop follows."""


@dataclass
class Follower:
    """Watcher loop in progress, with the reads of its iteration so far.

    Attributes:
        index: values of the followed paths, as updated by ``changed``.
        indexed: the view of the last update in this iteration, if it was completed.
    """

    loop: Generator[Watcher[Transaction], None, None]
    watcher: Watcher[Transaction]
    views: list[Attempt] = field(default_factory=list)
    index: dict[str, str] = field(default_factory=dict)
    indexed: Attempt | None = None

    def iterate(self) -> None:
        next(self.loop)
        self.views.clear()
        self.indexed = None

    def is_stale(self) -> bool:
        views = [*self.views, self.indexed] if self.indexed else self.views
        return any(view.changed() for view in views)


class Watchers(RuleBasedStateMachine):
    """Config with two watcher loops, and another one that writes.

    Args:
        database: the database under test.
    """

    def __init__(self, database: DatabaseUnderTest) -> None:
        super().__init__()
        self.database = database
        self.following: dict[int, Follower] = {}
        # Newest revision that the Config has read or committed; it must not read an older one.
        self.floor = 0

    @initialize()
    def connect(self) -> None:
        self.database.clear()
        self.config, self.other = (Config(self.database.connect()) for _ in range(2))
        self.history = History(observe(self.other.backend)[0])

    def teardown(self) -> None:
        for now in self.following.values():
            now.loop.close()
        self.config.close()
        self.database.disconnect()

    @rule(number=NUMBER, reads=READS, prefetch=PREFETCH, leave=st.booleans(), meanwhile=MEANWHILE)
    def look(
        self,
        number: int,
        reads: Reads,
        prefetch: list[str],
        leave: bool,
        meanwhile: Meanwhile | None,
    ) -> None:
        """Read in a transaction of a loop; reads count also if it is left early."""
        now = self._follow(number)
        for txn in now.watcher.txn(prefetch=prefetch):
            view = self._read(txn, reads, meanwhile)
            meanwhile = None
            indexed = self._update_index(now, txn)
            if leave:
                break
            now.indexed = indexed
        now.views.append(view)

    @rule(number=NUMBER, reads=READS, writes=WRITES, meanwhile=MEANWHILE)
    def look_and_write(
        self, number: int, reads: Reads, writes: Writes, meanwhile: Meanwhile | None
    ) -> None:
        now = self._follow(number)
        previous: Attempt | None = None
        for txn in now.watcher.txn():
            assert previous is None or previous.changed(), "it was retried without a conflict"
            view = previous = self._read(txn, reads, meanwhile)
            meanwhile = None
            self._write(txn, view, writes)
        self._committed(txn, view)
        now.views.append(view)

    @rule(writes=WRITES)
    def write_besides(self, writes: Writes) -> None:
        """``config.txn()`` in the body of the loop."""
        self._commit(self.config, writes)

    @rule(reads=READS)
    def read_besides(self, reads: Reads) -> None:
        for txn in self.config.txn():
            view = self._read(txn, reads)
        assert view.pinned >= self.history.revision

    @rule(writes=WRITES)
    def others_write(self, writes: Writes) -> None:
        floor = self.floor
        self._commit(self.other, writes)
        self.floor = floor

    @precondition(lambda self: self.following)
    @rule(writes=WRITES)
    def change_reads(self, writes: Writes) -> None:
        """Change keys that a loop has read; each loop whose reads are stale must iterate."""
        self.others_write(writes)
        for now in self.following.values():
            if now.is_stale():
                began = time.monotonic()
                now.iterate()
                assert time.monotonic() - began < MISSED_AFTER_S / 2, "it slept through a change"

    @precondition(lambda self: self.following)
    @rule()
    def trigger(self) -> None:
        for now in self.following.values():
            now.watcher.trigger()
            now.iterate()

    @precondition(lambda self: self.following)
    @rule()
    def stop(self) -> None:
        _, now = self.following.popitem()
        now.loop.close()

    @rule()
    def compact(self) -> None:
        self.history.compacted = self.database.compact()

    # How it is done

    def _follow(self, number: int) -> Follower:
        now = self.following.get(number)
        if now is None:
            loop = cast(
                Generator[Watcher[Transaction], None, None],
                iter(self.config.watcher(timeout=MISSED_AFTER_S, follow=FOLLOWED)),
            )
            now = self.following[number] = Follower(loop, next(loop))
        return now

    def _read(self, txn: Transaction, reads: Reads, meanwhile: Meanwhile | None = None) -> Attempt:
        view = Attempt(self.history, txn.revision)
        assert view.pinned >= self.floor, "a view never goes back"
        self.floor = view.pinned
        for number, (call, *arguments) in enumerate(reads):
            if number and meanwhile is not None:
                self.others_write(meanwhile[0])
                if meanwhile[1]:
                    self.compact()
                meanwhile = None
            pinned = view.pinned
            seen = getattr(txn.raw, call)(*arguments)
            view.pin(txn.revision)
            if view.doomed:
                # Its reads are outdated; it is retried unless it is left.
                view.pinned = pinned
                return view
            assert seen == getattr(view, call)(*arguments)
        return view

    def _update_index(self, now: Follower, txn: Transaction) -> Attempt | None:
        """Update the index of a loop, and compare it with one of all that is stored.

        Returns:
            The view of what is followed; None if its revision was lost, so that the body reruns.
        """
        changed = now.watcher.changed
        if changed is None:
            now.index = {
                path: value
                for path, value in txn.peek_values("/", recurse=3)
                if path.startswith(FOLLOWED)
            }
        for path in changed or ():
            value = txn.get(path)
            if value is None:
                now.index.pop(path, None)
            else:
                now.index[path] = value
        if txn.raw.must_retry:
            return None
        view = Attempt(self.history, txn.revision)
        stored = [value for prefix in FOLLOWED for value in view.list_values(prefix, 3)]
        assert now.index == dict(stored)
        return view

    def _write(self, txn: Transaction, view: Attempt, writes: Writes) -> None:
        if view.doomed:
            return
        for path, value in writes:
            for one in (txn, view):
                one.delete(path, must_exist=False)
                if value is not None:
                    one.create(path, value)

    def _commit(self, config: Config, writes: Writes) -> None:
        for txn in config.txn():
            view = Attempt(self.history)
            self._write(txn, view, writes)
        self._committed(txn, view)

    def _committed(self, txn: Transaction, view: Attempt) -> None:
        if not view.writes():
            return
        revision = cast(Any, txn.raw).reads.revision
        assert not view.changed(), "it committed in spite of a conflict"
        state = view.result(revision)
        if state != self.history.newest:
            self.history.advance(revision, state)
        self.floor = max(self.floor, revision)
        view.pinned = revision
