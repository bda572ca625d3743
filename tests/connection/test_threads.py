"""One Config shared by threads, and closing it while they use it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.drivers.etcd.grpc import codec
from ska_sdp_config.drivers.etcd.grpc.stream import EtcdWatch, Stream
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.keys import EVERYTHING, Span
from tests.connection.conftest import ConnectTo, Through
from tests.in_time import in_time, on_time
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.support.backends import Heard, commit, now, put
from tests.support.watching import Loop
from tests.waiting import LATE, wait_until

pytestmark = NEWER_ONLY

PROMPT = 1.0 + LATE
"""Seconds in which calls end when their Config is closed: its lease is tried for one."""


def test_threads_share_one_client(server: EtcdOf, connect: ConnectTo) -> None:
    """Each thread increments its own key and a shared key, with a lease and a watch."""
    backend = connect(server.endpoint)
    threads, rounds = 12, 15
    put(backend, **{f"n{number}": "0" for number in range(threads)}, all="0")

    def count(number: int) -> None:
        for _ in range(rounds):
            for txn in backend.txn():
                for path in (f"/n{number}", "/all"):
                    txn.update(path, str(int(txn.get(path) or 0) + 1))
            with backend.lease(60) as lease:
                backend.create(f"/leased/{number}", "1", lease)

    loop = Loop(backend, lambda txn: txn.get("/all"))
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(count, range(threads)))
        loop.saw(str(threads * rounds))
    finally:
        loop.stop()
    assert [backend.get(f"/n{n}")[0] for n in range(threads)] == [str(rounds)] * threads
    assert backend.list_keys("/leased/")[0] == []


def test_close_ends_blocked_calls(server: EtcdOf, through: Through) -> None:
    """Reads, commits, transactions, leases and watchers, on a connection without responses."""
    network = through(server)
    config = Config(host=network.endpoint, timeout=30, component_name="closing")
    backend = config.backend
    put(backend, a="0")
    begun: list[str] = []
    ends: dict[str, tuple[type[BaseException] | None, float]] = {}

    def read() -> None:
        backend.get("/a")

    def write() -> None:
        backend.update("/a", "1")

    def lease() -> None:
        backend.lease(10)

    def watch() -> None:
        for watcher in config.watcher():
            for txn in watcher.txn():
                txn.raw.get("/a")

    def end_of(call: Callable[[], None]) -> None:
        raised: type[BaseException] | None = None
        begun.append(call.__name__)
        try:
            call()
        except BaseException as exc:
            raised = type(exc)
        ends[call.__name__] = raised, time.monotonic()

    watching = threading.Thread(target=end_of, args=(watch,))
    watching.start()
    wait_until(lambda: backend.cache.is_open)
    network.silence()
    calls = [threading.Thread(target=end_of, args=(call,)) for call in (read, write, lease)]
    for thread in calls:
        thread.start()
    wait_until(lambda: len(begun) == 4)
    began = time.monotonic()
    with in_time(PROMPT):
        config.close()
    for thread in [watching, *calls]:
        thread.join(60)
        assert not thread.is_alive()
    assert ends.keys() == {"read", "write", "lease", "watch"}
    for name, (raised, when) in ends.items():
        assert raised is not None, name
        assert issubclass(raised, ConfigConnectionError), name
        on_time(when - began < PROMPT, f"{name} took {when - began:.2f} s")


def test_close_ends_waiting_watcher(server: EtcdOf) -> None:
    """There are no changes and there is no timeout: only the close ends it."""
    config = Config(host=server.endpoint)
    turns = []
    error: list[ConfigConnectionError] = []

    def watch() -> None:
        try:
            for watcher in config.watcher():
                for txn in watcher.txn():
                    txn.raw.get("/a")
                turns.append(1)
        except ConfigConnectionError as exc:
            error.append(exc)

    thread = threading.Thread(target=watch)
    thread.start()
    wait_until(lambda: turns)
    with in_time(PROMPT):
        config.close()
        thread.join(30)
    assert not thread.is_alive()
    assert "closed" in str(error[0])


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


def test_abandoned_watcher_ends_when_collected(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The garbage collector may run in any thread, also while it adds a watch."""
    backend = connect(server.endpoint)
    left_behind = [iter(Watcher(backend, lambda txn: txn))]
    for txn in next(left_behind[0]).txn():
        txn.get("/a")
    watches = backend.store._watches  # type: ignore[attr-defined]  # of this store
    wait_until(lambda: watches._stream)
    create_watch = codec.create_watch

    def collect(span: Span, from_revision: int) -> Any:
        monkeypatch.undo()
        left_behind.clear()
        return create_watch(span, from_revision)

    monkeypatch.setattr(codec, "create_watch", collect)
    heard = Heard()
    thread = threading.Thread(
        target=backend.store.watch, args=(EVERYTHING, now(backend) + 1, heard), daemon=True
    )
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert not backend.cache.is_open
    commit(backend, a="1")
    heard.heard(("1/a", "1"))


def test_last_watch_can_be_removed_while_stream_opens(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the garbage collector, in the same thread. A stream without watches must end."""
    backend = connect(server.endpoint)
    before = threading.active_count()
    create = Stream.create

    def collect(stream: Stream, watch: EtcdWatch) -> None:
        monkeypatch.undo()
        watch.cancel()
        create(stream, watch)

    monkeypatch.setattr(Stream, "create", collect)
    backend.store.watch(EVERYTHING, now(backend) + 1, Heard())
    wait_until(lambda: threading.active_count() <= before)
