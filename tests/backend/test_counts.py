"""Counters of a Config and the lag of its watch."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.counts import Counted
from ska_sdp_config.store.interface import GapCause, Sink
from ska_sdp_config.store.keys import Span
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import ConnectTo, put
from tests.support.stores import RecordingSink, now
from tests.support.waiting import wait_until
from tests.support.watch_loops import looping


def counted(backend: Backend, before: dict[Counted, int]) -> dict[Counted, int]:
    """Return the increments of the counters that have changed."""
    after = backend.counts.read()
    return {what: after[what] - before[what] for what in after if after[what] != before[what]}


def test_commit_is_counted_as_one_transaction(backend: Backend) -> None:
    before = backend.counts.read()
    put(backend, a="1")
    assert counted(backend, before) == {"transactions": 1, "committed": 1}


def test_conflict_and_retry_are_counted(backend: Backend, other: Backend) -> None:
    put(backend, a="1")
    before = backend.counts.read()
    for attempt, txn in enumerate(backend.txn()):
        txn.get("/a")
        if attempt < 2:
            put(other, a=f"changed {attempt}")
        txn.update("/a", "2")
    assert counted(backend, before) == {
        "transactions": 1,
        "committed": 1,
        "conflicts": 2,
        "retries": 2,
    }


def test_transaction_left_by_break_is_not_counted_as_committed(backend: Backend) -> None:
    before = backend.counts.read()
    for txn in backend.txn():
        txn.get("/a")
        break
    assert counted(backend, before) == {"transactions": 1}


@pytest.mark.long
def test_reconnect_and_resumed_watch_are_counted(own_etcd: Etcd, etcd_client: ConnectTo) -> None:
    with etcd_client(host=own_etcd.endpoint) as backend:
        with looping(backend, lambda txn: txn.get("/a")) as loop:
            loop.expect(None)
            assert backend.counts.read()["reconnects"] == 0
            own_etcd.kill()
            wait_until(lambda: backend.connection.state != "connected", 20)
            own_etcd.start()
            put(backend, a="1")
            loop.expect("1")
        counts = backend.counts.read()
        assert counts["reconnects"] >= 1
        assert counts["watches_resumed"] >= 1


def test_watch_that_delivers_has_no_lag(backend: Backend) -> None:
    assert backend.watch_lag() is None
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect(None)
        put(backend, a="1")
        loop.expect("1")

        def is_level() -> bool:
            lag = backend.watch_lag()
            return lag is not None and (lag.revisions, lag.seconds) == (0, 0)

        wait_until(is_level)
        if not isinstance(backend, MemoryBackend):
            quiet = backend.counts.quiet
            assert quiet is not None
            assert quiet < 10
    wait_until(lambda: backend.watch_lag() is None)


def test_lag_of_watch_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with MemoryBackend(Database()) as backend:
        watch = backend.store.watch
        sinks: list[Sink] = []

        def hold(span: Span, from_revision: int, sink: Sink) -> Any:
            sinks.append(sink)
            return watch(span, from_revision, RecordingSink())

        monkeypatch.setattr(backend.store, "watch", hold)
        with looping(backend, lambda txn: txn.get("/a")) as loop:
            loop.expect(None)
            put(backend, a="1")
            put(backend, a="2")

            def is_lagging() -> bool:
                lag = backend.watch_lag()
                return lag is not None and lag.revisions == 2 and lag.seconds > 0.05

            wait_until(is_lagging)
            (sink,) = sinks
            sink.gap(now(backend), GapCause.STALLED)
            lag = backend.watch_lag()
            assert lag is not None
            assert (lag.revisions, lag.seconds) == (0, 0)
            loop.expect("2")
