"""The timeout of a transaction limits all of its calls together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_sim.stack.etcd import Etcd
from tests.backend.servers import server_that
from tests.support.backends import ConnectTo, put
from tests.support.in_time import in_time
from tests.support.stores import Outage
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import WAKE_UP_AFTER_S, assert_not_woken

SLOW = 0.1
"""Duration of a call in these tests, in seconds."""


def takes(seconds: float) -> AbstractContextManager[None]:
    """Check the duration, which without a timeout would be 5 s for each call."""
    return in_time(seconds + LATE, seconds)


@pytest.fixture
def silent(own_etcd: Etcd, etcd_client: ConnectTo) -> Iterator[Backend]:
    """A client of a server that never responds, with a timeout of 5 s for each call."""
    with etcd_client(host=own_etcd.endpoint) as backend:
        backend.get("/a")
        own_etcd.pause()
        try:
            yield backend
        finally:
            own_etcd.resume()


def test_concurrent_commits_wait_for_one_grant_within_timeout(silent: Backend) -> None:
    """The first commit needs the client lease, which one thread requests."""

    def commit(_: int) -> None:
        with takes(1), pytest.raises(ConfigConnectionError) as raised:  # noqa: PT012
            for txn in silent.txn(timeout=1):
                txn.delete("/a", must_exist=False)
        assert not isinstance(raised.value, CommitUnknown)

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(commit, range(5)))


def test_grant_in_another_thread_does_not_extend_timeout(silent: Backend) -> None:
    with ThreadPoolExecutor(1) as thread:
        asks = thread.submit(silent.client_lease.current, 60)
        try:
            wait_until(silent.client_lease._lock.locked)
            with takes(0.5), pytest.raises(ConfigConnectionError, match=r"lease within 0\.5 s"):
                silent.client_lease.current(0.5)
            # Calls that need no lease are not delayed.
            with takes(0):
                silent.client_lease.on_ended(1)
                silent.client_lease.revoke()
            assert not asks.done()
        finally:
            silent.close()
        with pytest.raises(ConfigConnectionError, match="closed"):
            asks.result()


def test_taking_ownership_is_within_timeout(silent: Backend) -> None:
    config = Config(silent)
    with takes(0.5), pytest.raises(ConfigConnectionError):  # noqa: PT012
        for txn in config.txn(timeout=0.5):
            txn.processing_block.ownership("pb-test-20260101-00000").take()


@pytest.fixture
def slow(
    etcd: Etcd,
    etcd_client: ConnectTo,
    set_pages: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Backend]:
    """A client whose calls are slow and return few keys each."""
    with etcd_client(host=etcd.endpoint, timeout=5) as backend:
        backend.delete("/slow", must_exist=False, recursive=True)
        put(backend, **{f"slow/{number:02}": "1" for number in range(40)})
        set_pages(4, 4)
        monkeypatch.setattr("ska_sdp_config.drivers.etcd.limits.MAX_RANGES_PER_CALL", 4)
        client: Any = vars(backend.store)["_etcd"]
        monkeypatch.setattr(client, "call", later(client.call))
        yield backend


def later(call: Callable[..., object]) -> Callable[..., object]:
    def wait_and_call(*request: object) -> object:
        threading.Event().wait(SLOW)
        return call(*request)

    return wait_and_call


READS: dict[str, Callable[[Txn], object]] = {
    "many keys": lambda txn: txn.get_many(f"/slow/{number:02}" for number in range(40)),
    "a listing": lambda txn: txn.list_keys("/slow/"),
    "values": lambda txn: txn.list_values("/slow/"),
    "several listings": lambda txn: txn.list_keys("/slow/", recurse=2),
}


@pytest.mark.long
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_paged_read_is_within_timeout(slow: Backend, read: Callable[[Txn], object]) -> None:
    with takes(3 * SLOW), pytest.raises(ConfigConnectionError, match=r"within [\d.e-]+ s"):  # noqa: PT012
        for txn in slow.txn(timeout=3 * SLOW):
            read(txn)
    for txn in slow.txn():
        assert len(read(txn)) == 40  # type: ignore[arg-type]  # each of them is a collection


def test_single_read_is_within_timeout_of_call(slow: Backend) -> None:
    slow.store.timeout = 3 * SLOW
    with takes(3 * SLOW), pytest.raises(ConfigConnectionError):
        slow.list_keys("/slow/", with_values=True)


def fail_to_send(*request: object, **others: object) -> None:
    raise ConfigConnectionError("not sent")


@pytest.mark.long
@pytest.mark.parametrize("when", ["before the body", "within it", "at its commit"])
def test_transaction_of_watcher_has_own_timeout(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It waits no longer, and a loop that handles the error iterates again soon."""
    outage = Outage(backend, monkeypatch)
    outage.is_active = when == "before the body"
    commit = backend.committer.commit
    seen: list[str | None] = []
    watcher = Watcher(backend, lambda txn: txn)
    with assert_not_woken(watcher.trigger):
        for iteration, _ in enumerate(watcher):
            if iteration == 1:
                for txn in watcher.txn():
                    seen.append(txn.get("/a"))
                break
            with takes(0.3), pytest.raises(ConfigConnectionError, match=r"within 0\.3 s"):  # noqa: PT012
                for txn in watcher.txn(timeout=0.3):
                    if when == "within it":
                        outage.is_active = True
                        txn.get("/a")
                    if when == "at its commit":
                        monkeypatch.setattr(backend.committer, "commit", fail_to_send)
                    txn.delete("/a", must_exist=False)
            outage.is_active = False
            monkeypatch.setattr(backend.committer, "commit", commit)
    assert seen == [None]


@pytest.mark.long
def test_failed_take_in_watcher_is_retried_soon(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no reads."""
    config = Config(backend)
    monkeypatch.setattr(backend.store, "grant_lease", fail_to_send)
    with in_time(WAKE_UP_AFTER_S):
        for iteration, watcher in enumerate(config.watcher(WAKE_UP_AFTER_S)):
            if iteration == 1:
                break
            with takes(0.3), pytest.raises(ConfigConnectionError, match=r"within 0\.3 s"):  # noqa: PT012
                for txn in watcher.txn(timeout=0.3):
                    txn.processing_block.ownership("pb-test-20260101-00000").take()


@pytest.mark.long
def test_retry_pauses_are_within_timeout(
    backend: Backend, other: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.engine.runner.pause_before", lambda retry: 60.0)
    # Long enough for a loaded machine to reach the pause.
    with takes(1.5), pytest.raises(ConfigConnectionError, match="others kept changing /a"):  # noqa: PT012
        for txn in backend.txn(timeout=1.5):
            txn.get("/a")
            # Another client is always faster.
            put(other, a="1")
            txn.delete("/b", must_exist=False)


def test_call_fails_after_its_end(monkeypatch: pytest.MonkeyPatch, etcd_client: ConnectTo) -> None:
    """As where this process is suspended meanwhile."""
    make_call = EtcdClient._logged_in

    def late(*arguments: Any) -> Any:
        try:
            return make_call(*arguments)
        finally:
            threading.Event().wait(0.4)

    monkeypatch.setattr(EtcdClient, "_logged_in", late)
    with (
        server_that(lambda connection: None) as port,
        etcd_client(host="127.0.0.1", port=port, timeout=0.3) as backend,
        pytest.raises(ConfigConnectionError, match=r"did not answer within 0\.3 s"),
    ):
        backend.get("/a")
