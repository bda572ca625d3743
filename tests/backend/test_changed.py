"""Paths that a watcher follows: ``changed``, and an index that is kept up to date with it."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.backend import ConfigRefused, MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine import change_log
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import Put
from tests.support.backends import Connect, put
from tests.support.watch_loops import assert_not_woken

SOON_S = 0.1


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait after a body that failed, to well below the timeouts of the tests."""
    monkeypatch.setattr("ska_sdp_config.engine.watcher.MAX_BACKOFF_S", SOON_S)


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


def test_retry_that_does_not_ask_leaves_the_change_to_the_next_body(connect: Connect) -> None:
    other = connect()
    put(other, n="0")
    steps = Steps(connect(), "/pb/")
    steps.changed()
    put(other, **{"pb/a": "1"})
    watcher = steps.next()
    runs = 0
    for txn in watcher.txn():
        runs += 1
        txn.get("/n")
        if runs == 1:
            assert watcher.changed == frozenset(["/pb/a"])
            put(other, n="10")
        txn.update("/n", "1")
    assert runs == 2
    assert steps.changed() == {"/pb/a"}


def test_change_is_kept_after_a_read_that_failed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the body handles the error and ends."""
    other, backend = connect(), connect()
    steps = Steps(backend, "/pb/")
    steps.changed()
    put(other, **{"pb/a": "1"})
    watcher = steps.next()
    for txn in watcher.txn():
        assert watcher.changed == frozenset(["/pb/a"])
        with monkeypatch.context() as patch:
            patch.setattr(type(backend.store), "read", reject)
            with pytest.raises(ConfigRefused):
                txn.get("/pb/a")
    assert steps.changed() == {"/pb/a"}


def reject(*_: object, **__: object) -> None:
    raise ConfigRefused("permission denied")


@pytest.mark.parametrize("asks", [True, False])
def test_first_body_that_failed_runs_again_soon(connect: Connect, asks: bool) -> None:
    watcher = Watcher(connect(), lambda txn: txn, follow=["/pb/"])
    with assert_not_woken(watcher.trigger):
        for number, _ in enumerate(watcher):
            if number == 1:
                break
            with suppress(Interrupted):
                for _ in watcher.txn():
                    if asks:
                        assert watcher.changed is None
                    raise Interrupted


def test_loop_that_never_asks_waits(connect: Connect) -> None:
    watcher = Watcher(connect(), lambda txn: txn, timeout=1, follow=["/pb/"])
    began = time.monotonic()
    for number, _ in enumerate(watcher):
        if number == 1:
            break
        for txn in watcher.txn():
            txn.get("/a")
    assert time.monotonic() - began > 0.8


@pytest.mark.parametrize("fails", ["before the transaction", "before it asks", "after it asks"])
def test_body_that_failed_runs_again_soon(connect: Connect, fails: str) -> None:
    """Nothing else would start the next iteration."""
    other = connect()
    watcher = Watcher(connect(), lambda txn: txn, follow=["/pb/"])
    seen: list[frozenset[str] | None] = []
    with assert_not_woken(watcher.trigger):
        for number, _ in enumerate(watcher):
            with suppress(Interrupted):
                if number == 1 and fails == "before the transaction":
                    raise Interrupted
                for _ in watcher.txn():
                    if number == 1 and fails == "before it asks":
                        raise Interrupted
                    changed = watcher.changed
                    if number == 1:
                        raise Interrupted
                seen.append(changed)
            if number == 0:
                put(other, **{"pb/a": "1"})
            if number == 2:
                break
    assert seen == [None, frozenset(["/pb/a"])]


def test_body_that_is_left_waits_if_nothing_has_changed(connect: Connect) -> None:
    watcher = Watcher(connect(), lambda txn: txn, timeout=1, follow=["/pb/"])
    began = time.monotonic()
    for number, _ in enumerate(watcher):
        if number == 2:
            break
        for _ in watcher.txn():
            assert (watcher.changed is None) == (number == 0)
            if number == 1:
                break
        if number == 0:
            watcher.trigger()
    assert time.monotonic() - began > 0.8


def test_retry_that_does_not_ask_iterates_again_soon(connect: Connect) -> None:
    other = connect()
    put(other, n="0")
    watcher = Watcher(connect(), lambda txn: txn, follow=["/pb/"])
    runs = 0
    with assert_not_woken(watcher.trigger):
        for number, _ in enumerate(watcher):
            if number == 1:
                break
            for txn in watcher.txn():
                runs += 1
                txn.get("/n")
                if runs == 1:
                    assert watcher.changed is None
                    put(other, n="10")
                txn.update("/n", "1")
    assert runs == 2


@pytest.mark.parametrize("follow", [[], ["/pb/"]])
@pytest.mark.parametrize("is_waiting", [False, True])
def test_key_without_a_path_is_ignored(
    connect: Connect, follow: list[str], is_waiting: bool
) -> None:
    """Other programs may write any key to the same database."""
    other = connect()
    put(other, n="0")
    watcher = Watcher(connect(), lambda txn: txn, follow=follow)
    seen: list[str | None] = []

    def write_both() -> None:
        keys = ("foo", "/foo", "2/pb/", "3/pb/a", "1/n")
        other.store.commit([], [Put(key, "1") for key in keys], timeout=20)

    with assert_not_woken(watcher.trigger):
        for number, _ in enumerate(watcher):
            for txn in watcher.txn():
                seen.append(txn.get("/n"))
                if follow:
                    assert watcher.changed == (frozenset() if number else None)
            if number == 1:
                break
            if is_waiting:
                Timer(0.2, write_both).start()
            else:
                write_both()
    assert seen == ["0", "1"]


def test_everything_may_have_changed_until_an_index_is_built(connect: Connect) -> None:
    """Also if the watch has caught up meanwhile."""
    other, backend = connect(), connect()
    put(other, **{"pb/a": "1"})
    steps = Steps(backend, "/pb/")
    steps.changed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(backend.cache), "changes_since", lambda *_: None)
        watcher = steps.next()
        with suppress(Interrupted):
            for _ in watcher.txn():
                assert watcher.changed is None
                raise Interrupted
    assert steps.changed() is None
    assert steps.changed() == set()


@pytest.mark.parametrize("is_left", [False, True])
def test_change_after_a_restore_starts_an_iteration(is_left: bool) -> None:
    """Its revision is lower than those that were processed before."""
    database = Database()
    backend, other = MemoryBackend(database), MemoryBackend(database)
    for number in range(20):
        put(other, **{"pb/a": str(number)})
    watcher = Watcher(backend, lambda txn: txn, follow=["/pb/"])
    seen: list[frozenset[str] | None] = []
    with assert_not_woken(watcher.trigger):
        for number, _ in enumerate(watcher):
            for _ in watcher.txn():
                seen.append(watcher.changed)
                if number == 1 and is_left:
                    break
            if number == 0:
                database.clear()
            elif number == 1:
                put(other, **{"pb/new": "1"})
            else:
                break
    assert seen == [None, None, None if is_left else frozenset(["/pb/new"])]


def test_prefixes_are_a_list(connect: Connect) -> None:
    with pytest.raises(TypeError, match="list of prefixes"):
        Watcher(connect(), lambda txn: txn, follow="/pb/")


def test_changed_needs_a_transaction(connect: Connect) -> None:
    watcher = Steps(connect(), "/pb/").next()
    with pytest.raises(RuntimeError, match="body of the watcher's txn"):
        assert watcher.changed


PATHS = ["/pb/a", "/pb/a/state", "/pb/b", "/pbx", "/eb/a", "/z"]
WRITE = st.tuples(st.sampled_from(PATHS), st.sampled_from(["1", "2", None]))
ITERATION, FAILED, RESTORE = "iteration", "failed iteration", "restore"
STEPS = st.lists(WRITE | st.sampled_from([ITERATION, ITERATION, FAILED, RESTORE]), max_size=30)
MAX_CHANGES = 4
"""Number of changes that are remembered: after more of them, any path may have changed."""


class Interrupted(Exception):
    """End of a body before the index is complete."""


def update(index: dict[str, str], txn: Txn, changed: frozenset[str] | None, limit: int) -> None:
    """Update an index by what has changed, or fail after ``limit`` paths."""
    texts: dict[str, str | None] = {}
    if changed is None:
        index.clear()
        texts.update(txn.peek_values("/pb/", recurse=1))
        texts.update(txn.peek_values("/eb/"))
    else:
        texts.update(txn.get_many(changed))
    for number, (path, value) in enumerate(texts.items()):
        if number >= limit:
            raise Interrupted
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
        for step in [*history, ITERATION]:
            if step == RESTORE:
                database.clear()
            elif isinstance(step, tuple):
                write(other, *step)
            else:
                watcher = steps.next()
                try:
                    for txn in watcher.txn():
                        update(index, txn, watcher.changed, 1 if step == FAILED else 100)
                        rebuilt = txn.list_values("/pb/", recurse=1) + txn.list_values("/eb/")
                        assert index == dict(rebuilt)
                except Interrupted:
                    assert step == FAILED


def write(backend: Backend, path: str, value: str | None) -> None:
    if value is None:
        backend.delete(path, must_exist=False)
    else:
        put(backend, **{path[1:]: value})
