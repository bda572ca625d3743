"""Transactions of a watcher that run again after their commit."""

from __future__ import annotations

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.cache import MIN_TRIM_ENTRIES
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from tests.support.backends import put
from tests.support.in_time import in_time
from tests.support.waiting import wait_until
from tests.support.watch_loops import looping

REPETITIONS = 1_000

TIMEOUT_S = 30.0
"""Seconds after which an iteration starts although a change was missed."""

STARTS_WITHIN_S = 15.0
"""Seconds within which a change has started the iteration, and not the timeout."""


class CountingWatcher(Watcher[Txn]):
    """Watcher whose kept reads, changes and cached entries are counted."""

    def kept_reads(self) -> int:
        """Return the number of keys and members that are kept for comparisons."""
        return self._watched.read_count()

    def kept_changes(self) -> int:
        """Return the number of changed keys that are kept for the end of the iteration."""
        return len(self._watched._recent)


def test_repetitions_keep_only_last_reads() -> None:
    database = Database()
    with MemoryBackend(database) as backend, MemoryBackend(database) as other:
        put(other, **{f"pb/{number}": "1" for number in range(20)})
        watcher = CountingWatcher(backend, lambda txn: txn, timeout=3600, follow=["/flow/"])
        runs = 0
        for _ in watcher:
            for txn in watcher.txn():
                runs += 1
                assert watcher.changed == (None if runs == 1 else {f"/flow/{runs - 1}"})
                assert len(txn.list_values("/pb/")) == 20
                for number in range(4):
                    txn.get(f"/read-once/{runs}/{number}")
                if runs < REPETITIONS:
                    txn.loop()
                    put(other, **{f"flow/{runs}": "1", f"other/{runs}": "1"})
                assert watcher.kept_reads() <= 2 * (20 + 20 + 4)
                assert watcher.kept_changes() <= 4
                assert backend.cache._view.size() <= 2 * MIN_TRIM_ENTRIES
            break
    assert runs == REPETITIONS


def test_change_that_ended_wait_starts_no_iteration(backend: Backend, other: Backend) -> None:
    seen: list[str | None] = []

    def read(txn: Txn) -> str | None:
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            txn.loop(wait=True)
        return seen[-1]

    with looping(backend, read) as loop:
        wait_until(lambda: backend.open_watches)
        put(other, a="1")
        loop.expect("1")
        assert loop.is_idle()
        assert seen == [None, "1"]
        other.update("/a", "2")
        loop.expect("2")


def test_change_of_other_transaction_starts_iteration(backend: Backend, other: Backend) -> None:
    """The repetition of one transaction keeps what another one of the iteration has read."""
    iterations: list[str | None] = []
    watcher = Watcher(backend, lambda txn: txn, timeout=TIMEOUT_S)
    with in_time(STARTS_WITHIN_S):
        for _ in watcher:
            for txn in watcher.txn():
                iterations.append(txn.get("/a"))
            if len(iterations) == 2:
                break
            for runs, txn in enumerate(watcher.txn()):
                txn.get("/b")
                if runs == 0:
                    put(other, a="1")
                if runs < 2:
                    txn.loop()
    assert iterations == [None, "1"]


def test_change_of_open_transaction_starts_iteration(backend: Backend, other: Backend) -> None:
    """A transaction that is open around the repeated one has not added its reads yet."""
    iterations: list[str | None] = []
    watcher = CountingWatcher(backend, lambda txn: txn, timeout=TIMEOUT_S)
    with in_time(STARTS_WITHIN_S):
        for _ in watcher:
            for outer in watcher.txn():
                iterations.append(outer.get("/a"))
                if len(iterations) == 1:
                    for runs, inner in enumerate(watcher.txn()):
                        inner.get("/b")
                        if runs == 0:
                            put(other, a="1")
                            wait_until(watcher.kept_changes)
                        if runs < 2:
                            inner.loop()
            if len(iterations) == 2:
                break
    assert iterations == [None, "1"]


def test_followed_change_between_repetitions_starts_iteration(
    backend: Backend, other: Backend
) -> None:
    changed = []
    watcher = Watcher(backend, lambda txn: txn, timeout=TIMEOUT_S, follow=["/pb/"])
    with in_time(STARTS_WITHIN_S):
        for _ in watcher:
            for _ in watcher.txn():
                changed.append(watcher.changed)
            if len(changed) == 2:
                break
            for runs, txn in enumerate(watcher.txn()):
                txn.get("/b")
                if runs == 0:
                    put(other, **{"pb/x": "1"})
                if runs < 2:
                    txn.loop()
    assert changed == [None, {"/pb/x"}]
