"""Close during the start of leases, watches and threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend import ConfigConnectionError, MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.keys import EVERYTHING
from tests.support.backends import Connect
from tests.support.endless import EndlessCall
from tests.support.stores import RecordingSink, now

TIMES = 40


def test_close_during_grant_rejects_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryBackend(Database())
    requested, ended, closed = (threading.Event() for _ in range(3))
    grant, end = backend.store.grant_lease, backend.leases.end

    def grant_late(ttl: int, *, timeout: float) -> int:
        granted = grant(ttl, timeout=timeout)
        requested.set()
        ended.wait(20)
        return granted

    def end_leases() -> None:
        end()
        ended.set()

    class StartsLate(threading.Thread):
        def start(self) -> None:
            if self.name == "config-leases":
                closed.wait(20)
            super().start()

    monkeypatch.setattr(backend.store, "grant_lease", grant_late)
    monkeypatch.setattr(backend.leases, "end", end_leases)
    monkeypatch.setattr(threading, "Thread", StartsLate)
    with ThreadPoolExecutor(1) as requester:
        lease = requester.submit(backend.lease)
        assert requested.wait(20)
        try:
            backend.close()
        finally:
            closed.set()
        with pytest.raises(
            ConfigConnectionError, match=r"^This Config is closed: make a new one\.$"
        ):
            lease.result(20)


def test_close_just_after_start_of_watch(connect: Connect) -> None:
    # gRPC crashes the process if a stub is created on a channel that is being closed.
    close: list[Callable[[], None]] = []
    for _ in range(TIMES):
        backend: Backend = connect()
        # Not from the first revision on: sending all writes of earlier tests loads the server.
        backend.store.watch(EVERYTHING, now(backend) + 1, RecordingSink())
        backend.close()
        close.append(backend.close)
    for again in close:
        again()


class NoMoreThreads(threading.Thread):
    """As at the thread limit of a container."""

    def start(self) -> None:
        if self.name.startswith("config-"):
            raise RuntimeError("can't start new thread")
        super().start()


USES: dict[str, Callable[[Backend], object]] = {
    "lease": lambda backend: backend.lease(),
    "client lease": lambda backend: backend.client_lease.current(),
    "watch": lambda backend: backend.watch("/a"),
    "watcher": lambda backend: next(next(iter(backend.watcher())).txn()),
    "listener": lambda backend: backend.connection.listen(lambda state: None),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_failed_thread_start_leaves_nothing_open(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, use: Callable[[Backend], object]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(threading, "Thread", NoMoreThreads)
        with suppress(RuntimeError):
            use(backend)
    # The next use starts the thread.
    use(backend)
    backend.close()
    assert not [each for each in threading.enumerate() if each.name == "config-leases"]


def test_close_does_not_wait_for_a_refresh_that_never_ends(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    endless = EndlessCall(monkeypatch)
    monkeypatch.setattr("ska_sdp_config.engine.lease.MAX_REFRESH_INTERVAL_S", 0.05)
    monkeypatch.setattr(backend.store, "keep_lease", endless)
    backend.lease(ttl=60)
    endless.check_close(backend.close, caplog)


def test_close_does_not_wait_for_a_check_of_the_component_that_never_ends(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    endless = EndlessCall(monkeypatch)
    monkeypatch.setattr("ska_sdp_config.presence.CHECK_INTERVAL_S", 0.02)
    config = Config(backend=backend, component_name="endless")
    monkeypatch.setattr(backend.store, "read", endless)
    endless.check_close(config.close, caplog)
