"""One Config shared by threads, and closing it while they use it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.drivers.etcd.channel import Channel, WatchCall
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.grpc.channel import GrpcChannel
from ska_sdp_config.drivers.etcd.login import Metadata
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.keys import EVERYTHING
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.support.backends import put
from tests.support.in_time import in_time, on_time
from tests.support.proxy import Proxy
from tests.support.stores import RecordingSink, commit, now
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping

pytestmark = NEWER_ONLY

PROMPT = 1.0 + LATE
"""Seconds within which calls end after a close, which tries for 1 s to revoke its lease."""


def test_threads_share_one_client(backend: Backend) -> None:
    """Each thread increments its own key and a shared key, with a lease and a watch."""
    threads, rounds = 12, 15
    put(backend, **{f"n{number}": "0" for number in range(threads)}, all="0")

    def count(number: int) -> None:
        for _ in range(rounds):
            for txn in backend.txn():
                for path in (f"/n{number}", "/all"):
                    txn.update(path, str(int(txn.get(path) or 0) + 1))
            with backend.lease(60) as lease:
                backend.create(f"/leased/{number}", "1", lease)

    with looping(backend, lambda txn: txn.get("/all")) as loop:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(count, range(threads)))
        loop.expect(str(threads * rounds))
    assert [backend.get(f"/n{n}")[0] for n in range(threads)] == [str(rounds)] * threads
    assert backend.list_keys("/leased/")[0] == []


def test_close_ends_blocked_calls(network: Proxy) -> None:
    config = Config(host=network.endpoint, timeout=30, component_name="closing")
    backend = config.backend
    put(backend, a="0")
    begun: list[str] = []
    ends: dict[str, float] = {}

    def watch() -> None:
        for watcher in config.watcher():
            for txn in watcher.txn():
                txn.raw.get("/a")

    calls: dict[str, Callable[[], object]] = {
        "watch": watch,
        "read": lambda: backend.get("/a"),
        "write": lambda: backend.update("/a", "1"),
        "lease": lambda: backend.lease(10),
    }

    def end_of(name: str) -> None:
        begun.append(name)
        with pytest.raises(ConfigConnectionError):
            calls[name]()
        ends[name] = time.monotonic()

    with ThreadPoolExecutor(len(calls)) as threads:
        ending = [threads.submit(end_of, "watch")]
        wait_until(lambda: backend.cache.is_open)
        network.silence()
        ending += [threads.submit(end_of, name) for name in ("read", "write", "lease")]
        wait_until(lambda: len(begun) == len(calls))
        began = time.monotonic()
        with in_time(PROMPT):
            config.close()
        for each in ending:
            each.result(60)
    for name, when in ends.items():
        on_time(when - began < PROMPT, f"{name} took {when - began:.2f} s")


def test_close_ends_waiting_watcher(server: EtcdOf) -> None:
    """There are no changes and there is no timeout: only the close ends it."""
    config = Config(host=server.endpoint)
    with looping(config.backend, lambda txn: txn.get("/a")) as loop:
        loop.expect(None)
        with in_time(PROMPT):
            config.close()
            wait_until(lambda: loop.error)
    assert "closed" in str(loop.error)


def test_close_is_prompt_without_responses(server: EtcdOf) -> None:
    config = Config(host=server.endpoint, component_name="closing")
    with config.lease(30):
        server.pause()
        with in_time(PROMPT):
            config.close()
        server.resume()


def test_close_is_thread_safe(server: EtcdOf, connect: ConnectTo) -> None:
    for _ in range(5):
        backend: Backend = connect(server.endpoint)
        put(backend, a="0")
        with ThreadPoolExecutor(8) as threads:
            for done in [threads.submit(backend.close) for _ in range(8)]:
                done.result(30)
        assert backend.store.closed


def test_watcher_and_lease_need_four_threads(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of gRPC's own in Python only one, which receives: none to send, also at a refresh."""
    before = set(threading.enumerate())
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def record(thread: threading.Thread) -> None:
        started.append(thread)
        start(thread)

    keep_lease = type(backend.store).keep_lease
    refreshed: list[bool] = []

    def refresh(store: Any, lease: int, *, timeout: float) -> bool:
        refreshed.append(keep_lease(store, lease, timeout=timeout))
        return refreshed[-1]

    with backend.lease(1), looping(backend, lambda txn: txn.get("/a")):
        wait_until(lambda: backend.counts.quiet is not None, what="the stream is open")
        monkeypatch.setattr(threading.Thread, "start", record)
        monkeypatch.setattr(type(backend.store), "keep_lease", refresh)
        wait_until(lambda: len(refreshed) >= 3)
        names = [thread.name for thread in set(threading.enumerate()) - before]
        monkeypatch.undo()
    assert started == []
    ours = {name for name in names if name.startswith("config-")}
    assert ours == {"config-watch", "config-watchdog", "config-leases"}
    # And the loop of the test, and gRPC's.
    assert len(names) == len(ours) + 2, names


def test_abandoned_watcher_ends_when_collected(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The garbage collector may run in any thread, also while it adds a watch."""
    abandoned = [iter(Watcher(backend, lambda txn: txn))]
    for txn in next(abandoned[0]).txn():
        txn.get("/a")
    wait_until(lambda: backend.counts.quiet is not None, what="the stream is open")
    open_call = GrpcChannel.watch

    def collect(
        channel: GrpcChannel, from_revision: int, metadata: Metadata, **options: bool
    ) -> WatchCall:
        monkeypatch.undo()
        abandoned.clear()
        return open_call(channel, from_revision, metadata, **options)

    monkeypatch.setattr(GrpcChannel, "watch", collect)
    sink = RecordingSink()
    backend.store.watch(EVERYTHING, 1, RecordingSink())
    backend.store.watch(EVERYTHING, now(backend) + 1, sink)
    wait_until(lambda: not backend.cache.is_open)
    commit(backend, a="1")
    sink.expect(("1/a", "1"))


def test_last_watch_can_be_removed_while_stream_opens(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the garbage collector, in the same thread. A stream without watches must end."""
    before = threading.active_count()
    open_call, added = GrpcChannel.watch, threading.Event()

    def collect(
        channel: GrpcChannel, from_revision: int, metadata: Metadata, **options: bool
    ) -> WatchCall:
        monkeypatch.undo()
        watch.cancel()
        return open_call(channel, from_revision, metadata, **options)

    def log_in(client: EtcdClient, channel: Channel) -> Metadata:
        added.wait(30)
        return find_login(client, channel)

    find_login = EtcdClient.log_in
    monkeypatch.setattr(EtcdClient, "log_in", log_in)
    monkeypatch.setattr(GrpcChannel, "watch", collect)
    watch = backend.store.watch(EVERYTHING, now(backend) + 1, RecordingSink())
    added.set()
    wait_until(lambda: threading.active_count() <= before)
