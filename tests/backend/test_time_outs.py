"""A time-out is for all that a transaction does, however many calls that takes."""

from __future__ import annotations

import pkgutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend import CommitUnknown, ConfigConnectionError
from ska_sdp_config.backend import connect as connect_to
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.stm import Txn
from ska_sdp_config.watcher import Watcher
from ska_sdp_lmc.stack.etcd import Etcd
from tests.backend.conftest import Connect, ConnectTo
from tests.backend.test_gateway_faults import server_that
from tests.backend.test_transactions import put
from tests.backend.test_watchers_in_trouble import SLEEPS, Away, awake_at_last
from tests.in_time import in_time
from tests.waiting import LATE, wait_until

SLOW = 0.1
"""Seconds that a call takes here."""


def takes(seconds: float) -> AbstractContextManager[None]:
    """What is done takes so long, and not as long as it would without a time-out: 5 s a call."""
    return in_time(seconds + LATE, seconds)


@pytest.fixture
def silent(etcd_server: Callable[..., Etcd], etcd_client: ConnectTo) -> Iterator[Backend]:
    """A client of a server that says nothing, for which it has five seconds a call."""
    server = etcd_server()
    with etcd_client(host=server.host, port=server.port) as backend:
        backend.get("/a")
        server.pause()
        try:
            yield backend
        finally:
            server.resume()


def test_threads_wait_for_one_lease_side_by_side(silent: Backend) -> None:
    """The first commit needs the client lease, for which one thread asks."""

    def commit(_: int) -> None:
        with takes(1), pytest.raises(ConfigConnectionError) as told:  # noqa: PT012
            for txn in silent.txn(timeout=1):
                txn.delete("/a", must_exist=False)
        assert not isinstance(told.value, CommitUnknown)

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(commit, range(5)))


def test_another_thread_may_have_longer_to_wait_for_the_lease(silent: Backend) -> None:
    with ThreadPoolExecutor(1) as thread:
        asks = thread.submit(silent.client_lease.current, 60)
        try:
            wait_until(silent.client_lease._lock.locked)
            with takes(0.5), pytest.raises(ConfigConnectionError, match=r"lease within 0\.5 s"):
                silent.client_lease.current(0.5)
            # Nor does it hold up who has no need of a lease.
            with takes(0):
                silent.client_lease.lease_ended(1)
                silent.client_lease.revoke()
            assert not asks.done()
        finally:
            silent.close()
        with pytest.raises(ConfigConnectionError, match="closed"):
            asks.result()


def test_taking_ownership_is_within_the_time(silent: Backend) -> None:
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
    """A client each of whose calls takes a while, and gets but a few keys."""
    with etcd_client(host=etcd.host, port=etcd.port, timeout=5) as backend:
        backend.delete("/slow", must_exist=False, recursive=True)
        put(backend, **{f"slow/{number:02}": "1" for number in range(40)})
        set_pages(4, 4)
        for way in ("etcd3", "revolution1"):
            monkeypatch.setattr(f"ska_sdp_config.backend.{way}.store.RANGES_A_CALL", 4)
        # Whichever way it goes.
        calls: Any = getattr(backend.store, "_etcd", None) or vars(backend.store)["_gateway"]
        for name in {"call", "call_ahead"} & set(dir(calls)):
            monkeypatch.setattr(calls, name, later(getattr(calls, name)))
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
def test_a_read_of_many_calls_is_within_the_time(
    slow: Backend, read: Callable[[Txn], object]
) -> None:
    with takes(3 * SLOW), pytest.raises(ConfigConnectionError, match=r"within [\d.e-]+ s"):  # noqa: PT012
        for txn in slow.txn(timeout=3 * SLOW):
            read(txn)
    for txn in slow.txn():
        assert len(read(txn)) == 40  # type: ignore[arg-type]  # each of them is a collection


def test_a_read_alone_is_within_the_time_of_a_call(slow: Backend) -> None:
    slow.store.timeout = 3 * SLOW
    with takes(3 * SLOW), pytest.raises(ConfigConnectionError):
        slow.list_keys("/slow/", with_values=True)


def refuses_to_send(*request: object, **others: object) -> None:
    raise ConfigConnectionError("not sent")


@pytest.mark.long
@pytest.mark.parametrize("when", ["before the body", "within it", "at its commit"])
def test_watchers_transaction_has_a_time_out_of_its_own(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It waits no longer than that, and the loop that bears it looks again soon."""
    backend = connect()
    away = Away(backend, monkeypatch)
    away.on = when == "before the body"
    commit = backend.committer.commit
    seen: list[str | None] = []
    watcher = Watcher(backend, lambda txn: txn)
    with awake_at_last(watcher.trigger):
        for turn, _ in enumerate(watcher):
            if turn == 1:
                for txn in watcher.txn():
                    seen.append(txn.get("/a"))
                break
            with takes(0.3), pytest.raises(ConfigConnectionError, match=r"within 0\.3 s"):  # noqa: PT012
                for txn in watcher.txn(timeout=0.3):
                    if when == "within it":
                        away.on = True
                        txn.get("/a")
                    if when == "at its commit":
                        monkeypatch.setattr(backend.committer, "commit", refuses_to_send)
                    txn.delete("/a", must_exist=False)
            away.on = False
            monkeypatch.setattr(backend.committer, "commit", commit)
    assert seen == [None]


@pytest.mark.long
def test_body_that_could_not_take_ownership_is_run_again_soon(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did not come to read anything."""
    backend = connect()
    config = Config(backend)
    monkeypatch.setattr(backend.store, "grant_lease", refuses_to_send)
    with in_time(SLEEPS):
        for turn, watcher in enumerate(config.watcher(SLEEPS)):
            if turn == 1:
                break
            with takes(0.3), pytest.raises(ConfigConnectionError, match=r"within 0\.3 s"):  # noqa: PT012
                for txn in watcher.txn(timeout=0.3):
                    txn.processing_block.ownership("pb-test-20260101-00000").take()


@pytest.mark.long
def test_pauses_are_within_the_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, other = connect(), connect()
    monkeypatch.setattr("ska_sdp_config.backend.loop.pause_before", lambda retry: 60.0)
    # Long enough for a busy machine to come to the pause.
    with takes(1.5), pytest.raises(ConfigConnectionError, match="others kept changing /a"):  # noqa: PT012
        for txn in backend.txn(timeout=1.5):
            txn.get("/a")
            # Others are always faster.
            put(other, a="1")
            txn.delete("/b", must_exist=False)


@pytest.mark.parametrize(
    "calls",
    [
        "ska_sdp_config.backend.etcd3.connection.Etcd",
        "ska_sdp_config.backend.revolution1.gateway.Gateway",
    ],
)
def test_call_fails_after_its_end(monkeypatch: pytest.MonkeyPatch, calls: str) -> None:
    """As where this process is suspended meanwhile. No time is left to find out why it failed."""
    make_call = pkgutil.resolve_name(calls)._logged_in

    def late(*arguments: Any) -> Any:
        try:
            return make_call(*arguments)
        finally:
            threading.Event().wait(0.4)

    monkeypatch.setattr(f"{calls}._logged_in", late)
    kind = "etcd3" if "etcd3" in calls else "etcd3_revolution1"
    with (
        server_that(lambda connection: None) as port,
        connect_to(kind, host="127.0.0.1", port=port, timeout=0.3) as backend,
        pytest.raises(ConfigConnectionError, match=r"did not answer within 0\.3 s"),
    ):
        backend.get("/a")
