"""What a Config counts of itself, and how far its watch is behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.keys import Span
from ska_sdp_config.backend.memory import Database, MemoryBackend
from ska_sdp_config.backend.store import Sink
from ska_sdp_lmc.stack.etcd import Etcd
from tests.backend.conftest import Connect, ConnectTo
from tests.backend.test_transactions import put
from tests.backend.test_watchers import looping
from tests.waiting import wait_until


def test_a_commit_is_one_transaction(backend: Backend) -> None:
    before = backend.counts.read()
    put(backend, a="1")
    after = backend.counts.read()
    assert {what: after[what] - before[what] for what in after if after[what] != before[what]} == {
        "transactions": 1,
        "committed": 1,
    }


def test_a_conflict_is_counted_and_so_is_its_retry(connect: Connect) -> None:
    backend, other = connect(), connect()
    put(backend, a="1")
    before = backend.counts.read()
    for attempt, txn in enumerate(backend.txn()):
        txn.get("/a")
        if attempt < 2:
            put(other, a=f"changed {attempt}")
        txn.update("/a", "2")
    after = backend.counts.read()
    assert {what: after[what] - before[what] for what in after if after[what] != before[what]} == {
        "transactions": 1,
        "committed": 1,
        "conflicts": 2,
        "retries": 2,
    }


def test_a_transaction_that_is_left_is_not_committed(backend: Backend) -> None:
    before = backend.counts.read()
    for txn in backend.txn():
        txn.get("/a")
        break
    after = backend.counts.read()
    assert after["transactions"] == before["transactions"] + 1
    assert after["committed"] == before["committed"]


@pytest.mark.long
def test_a_connection_that_comes_back_is_counted_and_its_watch_too(
    etcd_server: Callable[..., Etcd], etcd_client: ConnectTo
) -> None:
    server = etcd_server()
    with etcd_client(host=server.host, port=server.port) as backend:
        with looping(backend, lambda txn: txn.get("/a")) as loop:
            loop.saw(None)
            assert backend.counts.read()["reconnects"] == 0
            server.kill()
            wait_until(lambda: backend.connection.state != "connected", 20)
            server.start()
            put(backend, a="1")
            loop.saw("1")
        counts = backend.counts.read()
        assert counts["reconnects"] >= 1
        assert counts["watches_resumed"] >= 1


def test_a_watch_that_is_heard_owes_nothing(connect: Connect) -> None:
    backend = connect()
    assert backend.watch_lag() is None
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.saw(None)
        put(backend, a="1")
        loop.saw("1")

        def is_level() -> bool:
            lag = backend.watch_lag()
            return lag is not None and (lag.revisions, lag.seconds) == (0, 0)

        wait_until(is_level)
        if not isinstance(backend, MemoryBackend):
            quiet = backend.counts.quiet
            assert quiet is not None
            assert quiet < 10
    wait_until(lambda: backend.watch_lag() is None)


def test_what_a_watch_owes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with MemoryBackend(Database()) as backend:
        watch = backend.store.watch
        sinks: list[Sink] = []

        class Held:
            """Keeps to itself what it should deliver."""

            def changed(self, changes: Any) -> None:
                pass

            def gap(self, revision: int) -> None:
                pass

        def hold(span: Span, from_revision: int, sink: Sink) -> Any:
            sinks.append(sink)
            return watch(span, from_revision, Held())

        monkeypatch.setattr(backend.store, "watch", hold)
        with looping(backend, lambda txn: txn.get("/a")) as loop:
            loop.saw(None)
            put(backend, a="1")
            put(backend, a="2")

            def owes() -> bool:
                lag = backend.watch_lag()
                return lag is not None and lag.revisions == 2 and lag.seconds > 0.05

            wait_until(owes)
            assert len(sinks) == 1
            revision = backend.get("/a")[1].revision
            sinks[0].gap(revision)
            lag = backend.watch_lag()
            assert lag is not None
            assert (lag.revisions, lag.seconds) == (0, 0)
            loop.saw("2")
