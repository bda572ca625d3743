"""Transactions that run again after their commit, on every backend."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import Commit, Conflict
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import Connect, ConnectTo, compact, put
from tests.support.commit_faults import CommitFaults
from tests.support.in_time import in_time
from tests.support.waiting import wait_until
from tests.support.watch_loops import repeating


def count(txn: Txn) -> int:
    """Increment a counter; return its new value."""
    value = int(txn.get("/n") or 0) + 1
    txn.delete("/n", must_exist=False)
    txn.create("/n", str(value))
    return value


def test_loop_runs_body_again_after_commit(backend: Backend) -> None:
    counted = []
    for txn in backend.txn():
        counted.append(count(txn))
        if counted[-1] < 3:
            txn.loop()
    assert counted == [1, 2, 3]
    assert backend.get("/n")[0] == "3"


def test_loop_waits_for_change_of_read_value(backend: Backend, other: Backend) -> None:
    with repeating(backend, lambda txn: (txn.get("/a"), txn.get("/b"))) as loop:
        loop.expect((None, None))
        put(other, elsewhere="1")
        assert loop.is_idle()
        put(other, a="1")
        loop.expect(("1", None))
        other.update("/a", "2")
        loop.expect(("2", None))
        other.delete("/a")
        loop.expect((None, None))


def test_own_commit_does_not_end_wait(backend: Backend, other: Backend) -> None:
    with repeating(backend, count) as loop:
        loop.expect(1)
        assert loop.is_idle()
        other.update("/n", "5")
        loop.expect(6)
        assert loop.is_idle()
        assert loop.results == [1, 6]


def test_change_before_wait_ends_wait(backend: Backend, other: Backend) -> None:
    seen = []
    for txn in backend.txn():
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            txn.loop(wait=True)
            put(other, a="1")
    assert seen == [None, "1"]


def test_lost_changes_end_wait(backend: Backend, other: Backend) -> None:
    seen = []
    for txn in backend.txn():
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            txn.loop(wait=True)
            put(other, a="1")
            put(other, b="1")
            compact(other)
    assert seen == [None, "1"]


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "reads nothing"])
def test_timeout_ends_wait(backend: Backend, reads: bool) -> None:
    runs = 0
    with in_time(20, least=0.2):
        for txn in backend.txn():
            runs += 1
            if reads:
                txn.get("/a")
            if runs == 1:
                txn.loop(wait=True, timeout=0.2)
    assert runs == 2


@pytest.mark.parametrize("timeout", [0, -1.5])
def test_expired_timeout_does_not_wait(backend: Backend, timeout: float) -> None:
    runs = 0
    for txn in backend.txn():
        runs += 1
        txn.get("/a")
        if runs == 1:
            txn.loop(wait=True, timeout=timeout)
    assert runs == 2


@pytest.mark.parametrize(
    "calls",
    [
        [(True, None), (False, None)],
        [(False, None), (True, None)],
        [(False, 60.0), (True, 60.0)],
        [(True, None), (True, 0.1)],
        [(True, 0.1), (True, 60.0)],
    ],
    ids=str,
)
def test_shortest_wait_of_several_calls_counts(
    backend: Backend, calls: list[tuple[bool, float | None]]
) -> None:
    runs = 0
    with in_time(20):
        for txn in backend.txn():
            runs += 1
            txn.get("/a")
            for wait, timeout in calls if runs == 1 else []:
                txn.loop(wait, timeout)
    assert runs == 2


def test_conflict_discards_call_of_loop(backend: Backend, other: Backend) -> None:
    runs = 0
    for txn in backend.txn():
        runs += 1
        count(txn)
        if runs == 1:
            put(other, n="5")
            txn.loop()
    assert runs == 2
    assert backend.get("/n")[0] == "6"


def test_each_repetition_has_all_retries(backend: Backend, other: Backend) -> None:
    runs = 0
    for txn in backend.txn(max_retries=1):
        runs += 1
        count(txn)
        if runs % 2:
            put(other, n="5")
        if runs < 6:
            txn.loop()
    assert runs == 6


def test_each_repetition_prefetches(backend: Backend, other: Backend) -> None:
    seen: list[str | None] = []
    for txn in backend.txn(prefetch=iter(["/a"])):
        put(other, a=f"{len(seen)}")
        seen.append(txn.get("/a"))
        if len(seen) < 3:
            txn.loop()
    assert seen == [None, "0", "1"]


def test_break_and_exception_end_repetition(backend: Backend) -> None:
    for txn in backend.txn():
        txn.loop()
        break
    with pytest.raises(KeyError):  # noqa: PT012  the loop belongs to it
        for txn in backend.txn():
            txn.loop()
            raise KeyError
    with pytest.raises(RuntimeError, match="has ended"):
        txn.loop()


def test_close_ends_wait_with_error(connect: Connect) -> None:
    for body in (lambda txn: txn.get("/a"), lambda txn: None):
        backend = connect()
        with repeating(backend, body) as loop:
            wait_until(lambda: backend.open_watches)  # noqa: B023 - ends in the loop
            backend.close()
            wait_until(lambda: "closed" in str(loop.error))


def test_close_ends_repetition_without_wait(connect: Connect) -> None:
    backend = connect()
    runs = 0
    with pytest.raises(ConfigConnectionError, match="closed"):  # noqa: PT012  the loop belongs to it
        for txn in backend.txn():
            runs += 1
            if runs == 3:
                backend.close()
            if runs < 10:
                txn.loop()
    assert runs == 3


def test_wait_releases_watch_and_threads(backend: Backend) -> None:
    backend.get("/a")
    before = threading.active_count()
    for runs, txn in enumerate(backend.txn()):
        txn.get("/a")
        if runs < 3:
            txn.loop(wait=True, timeout=0.05)
    assert backend.open_watches == []
    wait_until(lambda: threading.active_count() <= before)


def test_loop_repeats_transaction_of_watcher(backend: Backend, other: Backend) -> None:
    seen: list[str | None] = []
    for watcher in Watcher(backend, lambda txn: txn, timeout=60):
        for txn in watcher.txn():
            seen.append(txn.get("/a"))
            if seen[-1] != "2":
                txn.loop(wait=True)
                put(other, a=f"{len(seen)}")
        break
    assert seen == [None, "1", "2"]


@pytest.fixture
def etcd_backend(etcd: Etcd, etcd_client: ConnectTo) -> Iterator[Backend]:
    with etcd_client(host=etcd.endpoint, timeout=5) as backend:
        put(backend, n="0")
        yield backend


@pytest.mark.parametrize("fate", ["answer", "request", "resent"])
def test_commit_with_lost_answer_is_repeated_once(etcd_backend: Backend, fate: str) -> None:
    faults = CommitFaults(etcd_backend.store)
    faults.plan = [fate, "fine", fate]
    counted = []
    for txn in etcd_backend.txn():
        counted.append(count(txn))
        if len(counted) == 1:
            txn.loop(wait=True, timeout=0.5)
    assert counted == [1, 2]
    assert etcd_backend.get("/n")[0] == "2"


def test_change_between_lost_answer_and_settlement_ends_wait(
    etcd_backend: Backend, etcd: Etcd, etcd_client: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = CommitFaults(etcd_backend.store)
    faults.plan = ["answer"]
    commit = etcd_backend.store.commit
    with etcd_client(host=etcd.endpoint) as other:

        def change_before_second_commit(*request: Any, timeout: float) -> Commit | Conflict:
            if faults.count == 1:
                other.update("/n", "5")
            return commit(*request, timeout=timeout)

        monkeypatch.setattr(etcd_backend.store, "commit", change_before_second_commit)
        counted = []
        with in_time(20):
            for txn in etcd_backend.txn():
                counted.append(count(txn))
                if len(counted) == 1:
                    txn.loop(wait=True)
    assert counted == [1, 6]
    assert etcd_backend.get("/n")[0] == "6"


def test_unknown_outcome_ends_repetition(etcd_backend: Backend) -> None:
    faults = CommitFaults(etcd_backend.store)
    faults.plan = ["answer"] * 1000
    runs = 0
    with pytest.raises(CommitUnknown):  # noqa: PT012  the loop belongs to it
        for txn in etcd_backend.txn(timeout=0.5):
            runs += 1
            count(txn)
            txn.loop()
    assert runs == 1


def test_wait_continues_after_restart(own_etcd: Etcd, etcd_client: ConnectTo) -> None:
    with (
        etcd_client(host=own_etcd.endpoint) as other,
        repeating(etcd_client(host=own_etcd.endpoint), lambda txn: txn.get("/a")) as loop,
    ):
        loop.expect(None)
        own_etcd.kill()
        own_etcd.start()
        put(other, a="1")
        loop.expect("1")


def test_body_with_failed_read_runs_again(
    own_etcd: Etcd, etcd_client: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.engine.repetition.RETRY_FAILED_READ_AFTER_S", 0.2)

    def read(txn: Txn) -> str | None:
        try:
            return txn.get("/a")
        except ConfigConnectionError:
            return "failed"

    backend = etcd_client(host=own_etcd.endpoint, timeout=0.5)
    put(backend, a="1")
    own_etcd.pause()
    with repeating(backend, read) as loop:
        loop.expect("failed")
        own_etcd.resume()
        loop.expect("1")
