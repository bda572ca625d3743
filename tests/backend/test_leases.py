"""Leases, on every backend."""

from __future__ import annotations

import pickle
import threading

import pytest

from ska_sdp_config.backend import LeaseNotFound
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.lease import MAX_CONCURRENT_REFRESHES
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span, key_of_path
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import ConnectTo
from tests.support.in_time import in_time, on_time
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping


def lease_of(backend: Backend, path: str) -> int:
    reply = backend.store.read([Query(Span(key_of_path(path)))], timeout=20)
    found = reply.found[0]
    assert found is not None
    return found[0].lease


def test_keys_are_deleted_with_their_lease(backend: Backend, other: Backend) -> None:
    with looping(other, lambda txn: txn.list_keys("/")) as loop:
        with backend.lease(ttl=60) as lease:
            assert lease.alive()
            for txn in backend.txn():
                txn.create("/leased", "1", lease.id)
                txn.create("/stays", "1")
            loop.expect(["/leased", "/stays"])
        assert not lease.alive()
        loop.expect(["/stays"])


def test_transaction_returns_lease_of_path(backend: Backend) -> None:
    with backend.lease() as lease, backend.lease() as other:
        for txn in backend.txn():
            assert txn.lease_of("/a") == 0
            txn.create("/a", "1", lease.id)
            txn.update("/a", "2")
            assert txn.lease_of("/a") == lease.id
            txn.create("/b", "1")
            assert txn.lease_of("/b") == 0
        for txn in backend.txn():
            assert txn.lease_of("/a") == lease.id
            txn.update("/a", "3")
            assert txn.lease_of("/a") == lease.id
            txn.delete("/a")
            assert txn.lease_of("/a") == 0
            txn.create("/a", "4", other.id)
            assert txn.lease_of("/a") == other.id
            assert txn.lease_of("/b") == 0
        assert lease_of(backend, "/a") == other.id


def test_update_keeps_lease(backend: Backend) -> None:
    with backend.lease() as lease:
        for txn in backend.txn():
            txn.create("/a", "1", lease.id)
            txn.update("/a", "2")
        assert lease_of(backend, "/a") == lease.id
        for txn in backend.txn():
            txn.update("/a", "3")
        assert lease_of(backend, "/a") == lease.id
        for txn in backend.txn():
            txn.delete("/a")
            txn.create("/a", "4")
        assert lease_of(backend, "/a") == 0


@pytest.mark.long
def test_lease_is_refreshed_beyond_ttl(backend: Backend, other: Backend) -> None:
    with backend.lease(ttl=2) as lease:
        backend.create("/a", "1", lease)
        waiting = threading.Event()
        waiting.wait(4.5)
        # It would expire if this process were suspended for two seconds.
        on_time(lease.alive(), "the lease has ended")
        on_time(other.get("/a")[0] == "1", "what lives by the lease has gone")


def test_ended_lease_is_rejected(backend: Backend) -> None:
    lease = backend.lease()
    lease.revoke()
    lease.revoke()
    with pytest.raises(LeaseNotFound, match=rf"lease.* {lease.id:x} .*has ended") as caught:
        backend.create("/a", "1", lease)
    assert lease.id in caught.value.leases
    assert "etcdserver" not in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.leases) == (str(caught.value), caught.value.leases)
    assert backend.get("/a")[0] is None


def test_close_revokes_leases(backend: Backend, other: Backend) -> None:
    before = threading.active_count()
    backend.create("/a", "1", backend.lease(ttl=60))
    assert other.get("/a")[0] == "1"
    backend.close()
    # Without the revocation, the lease would expire after a minute.
    wait_until(lambda: other.get("/a")[0] is None)
    wait_until(lambda: threading.active_count() <= before)


def test_lost_lease_is_detected_within_ttl(
    own_etcd: Etcd, etcd_client: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.engine.backend.LEASE_TTL", 2)
    with etcd_client(host=own_etcd.endpoint) as backend:
        states: list[str] = []
        backend.connection.listen(states.append)
        lease = backend.client_lease.current()
        assert backend.connection.state == "connected"
        own_etcd.pause()
        try:
            with in_time(2 + LATE):
                wait_until(lambda: not lease.alive())
                wait_until(lambda: backend.connection.state == "lost")
        finally:
            own_etcd.resume()
        backend.get("/a")
        wait_until(lambda: states[-1:] == ["connected"] and len(states) >= 4)
        # A loaded machine may have delayed an earlier call, too.
        assert states[0] == "connected"
        assert states[-3:] == ["suspended", "lost", "connected"]


@pytest.mark.long
def test_state_is_connected_again_after_lost_client_lease(
    backend: Backend, other: Backend
) -> None:

    def is_(state: str) -> bool:
        return backend.connection.state == state

    assert is_("suspended")
    assert backend.connection.last_answer is None
    lease = backend.client_lease.current()
    assert is_("connected")
    before = backend.connection.last_answer
    other.store.revoke_lease(lease.id, timeout=20)
    wait_until(lambda: is_("lost"))
    backend.get("/a")
    assert is_("connected")
    after = backend.connection.last_answer
    assert before is not None
    assert after is not None
    assert after > before


def test_client_lease_is_granted_again_after_loss(backend: Backend, other: Backend) -> None:
    backend.create("/a", "1")
    lost = backend.client_lease.current()
    # As the database does after the TTL without a refresh.
    other.store.revoke_lease(lost.id, timeout=20)
    backend.update("/a", "2")
    assert other.get("/a")[0] == "2"
    # Detected by the commit on etcd, and by the next refresh in memory.
    wait_until(lambda: backend.client_lease.is_lost)
    assert not lost.alive()
    assert backend.client_lease.take().id != lost.id
    assert not backend.client_lease.is_lost


@pytest.mark.parametrize("count", [2, 5])
def test_leases_are_refreshed_concurrently(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Refreshed one by one on a slow server, the last lease would expire."""
    monkeypatch.setattr("ska_sdp_config.engine.lease.MAX_REFRESH_INTERVAL_S", 0.2)
    keep = backend.store.keep_lease
    in_progress: set[int] = set()
    change = threading.Condition()
    all_at_once = threading.Event()

    def keep_lease(lease: int, *, timeout: float) -> bool:
        with change:
            in_progress.add(lease)
            if len(in_progress) == count:
                all_at_once.set()
            change.notify_all()
            # The first refresh may have begun before all leases were granted.
            change.wait_for(all_at_once.is_set, 2)
            in_progress.remove(lease)
        return keep(lease, timeout=timeout)

    leases = [backend.lease(ttl=60) for _ in range(count)]
    monkeypatch.setattr(backend.store, "keep_lease", keep_lease)
    assert all_at_once.wait(30)
    for lease in leases:
        lease.revoke()
    # The threads end with the leases.
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "config-leases"])


def test_number_of_refresh_threads_is_bounded(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.engine.lease.MAX_REFRESH_INTERVAL_S", 0.1)
    keep = backend.store.keep_lease
    threads: dict[int, int] = {}

    def keep_lease(lease: int, *, timeout: float) -> bool:
        threads[lease] = len([t for t in threading.enumerate() if t.name == "config-leases"])
        return keep(lease, timeout=timeout)

    monkeypatch.setattr(backend.store, "keep_lease", keep_lease)
    leases = [backend.lease(ttl=60) for _ in range(3 * MAX_CONCURRENT_REFRESHES)]
    wait_until(lambda: len(threads) == len(leases))
    assert max(threads.values()) <= MAX_CONCURRENT_REFRESHES
    assert all(lease.alive() for lease in leases)


def test_unexpected_error_in_a_refresh_does_not_end_the_leases(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One thread refreshes all leases, so it must survive any error."""
    monkeypatch.setattr("ska_sdp_config.engine.lease.MAX_REFRESH_INTERVAL_S", 0.2)
    keep = backend.store.keep_lease
    kept: list[int] = []

    def keep_lease(lease: int, *, timeout: float) -> bool:
        kept.append(lease)
        if len(kept) == 1:
            raise LookupError("a fault of ours")
        return keep(lease, timeout=timeout)

    monkeypatch.setattr(backend.store, "keep_lease", keep_lease)
    with backend.lease(ttl=60) as lease:
        wait_until(lambda: len(kept) > 2)
        assert lease.alive()
    assert "a fault of ours" in caplog.text
