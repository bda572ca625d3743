"""What leases promise, on every backend."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable

import pytest

from ska_sdp_config.backend import LeaseNotFound
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.keys import Span, key_of_path
from ska_sdp_config.backend.lease import REFRESHED_AT_ONCE
from ska_sdp_config.backend.store import Query
from ska_sdp_lmc.stack.etcd import Etcd
from tests.backend.conftest import Connect, ConnectTo
from tests.backend.test_watchers import looping
from tests.in_time import in_time, on_time
from tests.waiting import LATE, wait_until


def lease_of(backend: Backend, path: str) -> int:
    reply = backend.store.read([Query(Span(key_of_path(path)))], timeout=5)
    found = reply.found[0]
    assert found is not None
    return found[0].lease


def test_keys_go_with_their_lease(connect: Connect) -> None:
    backend, other = connect(), connect()
    with looping(other, lambda txn: txn.list_keys("/")) as loop:
        with backend.lease(ttl=60) as lease:
            assert lease.alive()
            for txn in backend.txn():
                txn.create("/leased", "1", lease.id)
                txn.create("/stays", "1")
            loop.saw(["/leased", "/stays"])
        assert not lease.alive()
        loop.saw(["/stays"])


def test_transaction_tells_by_which_lease_a_path_lives(backend: Backend) -> None:
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


def test_update_keeps_the_lease(backend: Backend) -> None:
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
def test_lease_outlives_its_ttl_while_its_process_lives(connect: Connect) -> None:
    backend, other = connect(), connect()
    with backend.lease(ttl=2) as lease:
        backend.create("/a", "1", lease)
        waiting = threading.Event()
        waiting.wait(4.5)
        # As it would not, were this process held up for two seconds.
        on_time(lease.alive(), "the lease has ended")
        on_time(other.get("/a")[0] == "1", "what lives by the lease has gone")


def test_ended_lease_is_refused(backend: Backend) -> None:
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


def test_closing_gives_up_what_is_leased(connect: Connect) -> None:
    backend, other = connect(), connect()
    before = threading.active_count()
    backend.create("/a", "1", backend.lease(ttl=60))
    assert other.get("/a")[0] == "1"
    backend.close()
    # The answer is not waited for for long. By itself it would end after a minute.
    wait_until(lambda: other.get("/a")[0] is None)
    wait_until(lambda: threading.active_count() <= before)


def test_lost_lease_is_noticed_within_its_ttl(
    etcd_server: Callable[..., Etcd], etcd_client: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.backend.backend.LEASE_TTL", 2)
    server = etcd_server()
    with etcd_client(host=server.host, port=server.port) as backend:
        states: list[str] = []
        backend.connection.listen(states.append)
        lease = backend.client_lease.current()
        assert backend.connection.state == "connected"
        server.pause()
        try:
            with in_time(2 + LATE):
                wait_until(lambda: not lease.alive())
                wait_until(lambda: backend.connection.state == "lost")
        finally:
            server.resume()
        backend.get("/a")
        wait_until(lambda: states[-1:] == ["connected"] and len(states) >= 4)
        # A busy machine may have kept it from the database before, too.
        assert states[0] == "connected"
        assert states[-3:] == ["suspended", "lost", "connected"]


@pytest.mark.long
def test_database_that_answers_is_connected_although_the_client_lease_was_lost(
    connect: Connect,
) -> None:
    backend, other = connect(), connect()

    def is_(state: str) -> bool:
        return backend.connection.state == state

    assert is_("suspended")
    assert backend.connection.last_answer is None
    lease = backend.client_lease.current()
    assert is_("connected")
    before = backend.connection.last_answer
    other.store.revoke_lease(lease.id, timeout=5)
    wait_until(lambda: is_("lost"))
    backend.get("/a")
    assert is_("connected")
    after = backend.connection.last_answer
    assert before is not None
    assert after is not None
    assert after > before


def test_client_lease_is_granted_anew_after_a_loss(connect: Connect) -> None:
    backend, other = connect(), connect()
    backend.create("/a", "1")
    lost = backend.client_lease.current()
    # As the database would, when it had not heard from this process for too long.
    other.store.revoke_lease(lost.id, timeout=5)
    backend.update("/a", "2")
    assert other.get("/a")[0] == "2"
    # By the commit itself on etcd, in memory when it is next kept alive.
    wait_until(lambda: backend.client_lease.is_lost)
    assert not lost.alive()
    assert backend.client_lease.take().id != lost.id
    assert not backend.client_lease.is_lost


@pytest.mark.parametrize("count", [2, 5])
def test_leases_are_refreshed_side_by_side(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """One after the other, the last would expire while a slow server answers for the others."""
    monkeypatch.setattr("ska_sdp_config.backend.lease.LONGEST_PAUSE", 0.2)
    backend = connect()
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
    # Nor do the threads stay.
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "config-leases"])


def test_many_leases_are_refreshed_by_few_threads(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.backend.lease.LONGEST_PAUSE", 0.1)
    backend = connect()
    keep = backend.store.keep_lease
    threads: dict[int, int] = {}

    def keep_lease(lease: int, *, timeout: float) -> bool:
        threads[lease] = len([t for t in threading.enumerate() if t.name == "config-leases"])
        return keep(lease, timeout=timeout)

    monkeypatch.setattr(backend.store, "keep_lease", keep_lease)
    leases = [backend.lease(ttl=60) for _ in range(3 * REFRESHED_AT_ONCE)]
    wait_until(lambda: len(threads) == len(leases))
    assert max(threads.values()) <= REFRESHED_AT_ONCE
    assert all(lease.alive() for lease in leases)


def test_fault_of_ours_does_not_end_the_leases(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One thread keeps them all alive, and nobody would start another one."""
    monkeypatch.setattr("ska_sdp_config.backend.lease.LONGEST_PAUSE", 0.2)
    backend = connect()
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
