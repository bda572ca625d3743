"""Paths that a watcher follows: ``changed``, and an index that is kept up to date with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.backend import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine import change_log
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from tests.support.backends import Connect, compact, put
from tests.support.watch_loops import assert_not_woken


class Steps:
    """Watcher whose iterations start at once, and read everything that was committed before."""

    def __init__(self, backend: Backend, *follow: str) -> None:
        self._backend = backend
        self._iterations = iter(Watcher(backend, lambda txn: txn, timeout=0, follow=follow))

    def next(self) -> Watcher[Txn]:
        watcher = next(self._iterations)
        # The cache has to reach the revision of this read.
        self._backend.get("/a")
        return watcher

    def changed(self) -> set[str] | None:
        return changed_in(self.next())


def changed_in(watcher: Watcher[Txn]) -> set[str] | None:
    for _ in watcher.txn():
        changed = watcher.changed
    return None if changed is None else set(changed)


def test_first_iteration_has_everything_and_later_ones_what_changed(connect: Connect) -> None:
    other = connect()
    put(other, **{"pb/a": "1", "pb/b": "1"})
    steps = Steps(connect(), "/pb/")
    assert steps.changed() is None
    assert steps.changed() == set()
    put(other, **{"pb/a": "2", "pb/c/state": "1"})
    other.delete("/pb/b")
    assert steps.changed() == {"/pb/a", "/pb/b", "/pb/c/state"}
    assert steps.changed() == set()


def test_only_followed_prefixes_are_in_it(connect: Connect) -> None:
    other = connect()
    steps = Steps(connect(), "/pb/", "/eb/eb-a")
    steps.changed()
    put(other, **{"pb/a": "1", "pb": "1", "eb/eb-a/state": "1", "eb/eb-b": "1"})
    assert steps.changed() == {"/pb/a", "/eb/eb-a/state"}


def test_change_of_a_followed_path_starts_an_iteration(connect: Connect) -> None:
    other = connect()
    watcher = Watcher(connect(), lambda txn: txn, follow=["/pb/"])
    with assert_not_woken(watcher.trigger):
        for number, _ in enumerate(watcher):
            changed = changed_in(watcher)
            assert changed == ({f"/pb/{number}"} if number else None)
            if number == 5:
                break
            put(other, **{f"pb/{number + 1}": "1"})


def test_change_is_kept_after_a_body_that_was_left(connect: Connect) -> None:
    other = connect()
    steps = Steps(connect(), "/pb/")
    steps.changed()
    put(other, **{"pb/a": "1"})
    watcher = steps.next()
    for _ in watcher.txn():
        assert watcher.changed == frozenset(["/pb/a"])
        break
    put(other, **{"pb/b": "1"})
    assert steps.changed() == {"/pb/a", "/pb/b"}


def test_retry_has_what_changed_until_its_own_revision(connect: Connect) -> None:
    other = connect()
    put(other, n="0")
    steps = Steps(connect(), "/pb/")
    steps.changed()
    watcher = steps.next()
    seen: list[frozenset[str] | None] = []
    for txn in watcher.txn():
        number = int(txn.get("/n") or 0)
        if not seen:
            put(other, n="10", **{"pb/a": "1"})
        seen.append(watcher.changed)
        txn.update("/n", str(number + 1))
    assert seen == [frozenset(), frozenset(["/pb/a"])]
    assert steps.changed() == set()


def test_changed_needs_a_transaction(connect: Connect) -> None:
    watcher = Steps(connect(), "/pb/").next()
    with pytest.raises(RuntimeError, match="body of the watcher's txn"):
        assert watcher.changed


PATHS = ["/pb/a", "/pb/a/state", "/pb/b", "/pbx", "/eb/a", "/z"]
WRITE = st.tuples(st.sampled_from(PATHS), st.sampled_from(["1", "2", None]))
TURN, FAILED_TURN, RESTORE = "turn", "failed turn", "restore"
STEPS = st.lists(WRITE | st.sampled_from([TURN, TURN, FAILED_TURN, RESTORE]), max_size=30)
MAX_CHANGES = 4
"""Number of changes that are remembered: after more of them, any path may have changed."""


class Interrupted(Exception):
    """End of a body before the index is complete."""


def update(index: dict[str, str], txn: Txn, changed: frozenset[str] | None, limit: int) -> None:
    """Update an index by what has changed, or fail after so many paths."""
    if changed is None:
        index.clear()
        index.update(txn.peek_values("/pb/", recurse=1))
        index.update(txn.peek_values("/eb/"))
    for number, path in enumerate(changed or ()):
        if number >= limit:
            raise Interrupted
        value = txn.get(path)
        if value is None:
            index.pop(path, None)
        else:
            index[path] = value


@given(history=STEPS)
def test_updated_index_equals_rebuilt_one(history: list[tuple[str, str | None] | str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(change_log, "MAX_CHANGES", MAX_CHANGES)
        database = Database()
        backend, other = MemoryBackend(database), MemoryBackend(database)
        steps = Steps(backend, "/pb/", "/eb/")
        index: dict[str, str] = {}
        for step in [*history, TURN]:
            if step == RESTORE:
                database.clear()
            elif isinstance(step, tuple):
                write(other, *step)
            else:
                watcher = steps.next()
                try:
                    for txn in watcher.txn():
                        update(index, txn, watcher.changed, 1 if step == FAILED_TURN else 100)
                        rebuilt = txn.list_values("/pb/", recurse=1) + txn.list_values("/eb/")
                        assert index == dict(rebuilt)
                except Interrupted:
                    assert step == FAILED_TURN


def write(backend: Backend, path: str, value: str | None) -> None:
    if value is None:
        backend.delete(path, must_exist=False)
    else:
        put(backend, **{path[1:]: value})


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1_200])
def test_peeked_values_are_complete(connect: Connect, count: int) -> None:
    backend = connect()
    for begin in range(0, count, 100):
        numbers = range(begin, min(count, begin + 100))
        put(backend, **{f"pb/{number:04}": str(number) for number in numbers})
    for txn in backend.txn():
        found = dict(txn.peek_values("/pb/"))
        assert found == dict(txn.list_values("/pb/"))
    assert len(found) == count


def test_peeked_values_contain_pending_writes(connect: Connect) -> None:
    backend = connect()
    put(backend, **{"pb/a": "1", "pb/b": "1", "pb/c": "1"})
    for txn in backend.txn():
        txn.update("/pb/a", "2")
        txn.delete("/pb/b")
        txn.create("/pb/d", "1")
        assert dict(txn.peek_values("/pb/")) == {"/pb/a": "2", "/pb/c": "1", "/pb/d": "1"}


def test_peeked_values_are_of_one_revision(connect: Connect) -> None:
    """A compaction between two pages reruns the body."""
    backend, other = connect(), connect()
    for begin in range(0, 600, 100):
        put(backend, **{f"pb/{number:04}": "1" for number in range(begin, begin + 100)})
    runs: list[set[str]] = []
    for txn in backend.txn():
        found: list[str] = []
        for _, value in txn.peek_values("/pb/"):
            if not runs and len(found) == 100:
                rewrite_and_compact(other)
            found.append(value)
        runs.append(set(found))
        assert len(found) == 600
    assert runs[-1] == {"2"}
    assert len(runs) == 2


def rewrite_and_compact(backend: Backend) -> None:
    for begin in range(0, 600, 100):
        put(backend, **{f"pb/{number:04}": "2" for number in range(begin, begin + 100)})
    compact(backend)


def test_peeked_values_cause_no_conflict(connect: Connect) -> None:
    backend, other = connect(), connect()
    put(backend, **{"pb/a": "1"})
    runs = 0
    for txn in backend.txn():
        runs += 1
        values = dict(txn.peek_values("/pb/"))
        put(other, **{"pb/a": "2", "pb/b": "2"})
        txn.create("/copy", values["/pb/a"])
    assert runs == 1
