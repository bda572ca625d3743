"""Uses of a client of etcd, each of which leads to kill points and checks their promise.

The names of the functions are the keys of ``PROMISES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from pyetcd import etcdrpc

from ska_sdp_config import presence
from ska_sdp_config.drivers.etcd import limits, watchdog
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.engine import lease as leases_module
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.cached_reader import CachedReader
from ska_sdp_config.engine.lease import Lease
from ska_sdp_config.store.errors import QuotaExceeded
from ska_sdp_config.store.interface import Change, Delete, Entry, GapCause, Put, Query
from ska_sdp_config.store.keys import Span, key_of_path
from ska_sdp_lmc.runtime.access import TOKEN, Access, check
from tests.support.commit_faults import CommitFaults
from tests.support.stores import RecordingSink, commit, now, watch_from_now
from tests.support.waiting import CALL, wait_until
from tests.support.watch_loops import looping

__all__ = ["COUNTER", "FIRST", "SCENES", "Scene", "increment", "value_of"]

COUNTER = "/n"
FIRST = 5
"""Value of the counter before the cut."""

LEASED = "/leased"
TTL_S = 10
"""TTL of leases in seconds: longer than the pauses of a busy machine."""

SOON_S = 0.05
"""Interval of periodic calls, in seconds."""


@dataclass(frozen=True)
class Scene:
    """Database with two clients.

    Attributes:
        backend: the client whose calls are cut.
        other: another client.
        begin: begins to cut; called once, after the preparation.
        is_cut: whether all cuts were made.
    """

    backend: Backend
    other: Backend
    begin: Callable[[], None]
    is_cut: Callable[[], bool]

    @property
    def etcd(self) -> EtcdClient:
        client: EtcdClient = vars(self.backend.store)["_etcd"]
        return client


def write(backend: Backend, **values: str) -> None:
    """Write values in one transaction, each at the path of its name."""
    for txn in backend.txn():
        for name, value in values.items():
            txn.delete(f"/{name}", must_exist=False)
            txn.create(f"/{name}", value)


def increment(backend: Backend) -> int:
    """Increment the counter; return the number of runs of the body."""
    runs = 0
    for txn in backend.txn():
        runs += 1
        txn.update(COUNTER, str(int(txn.get(COUNTER) or "") + 1))
    return runs


def value_of(backend: Backend, path: str) -> str | None:
    found = backend.store.read([Query(Span(key_of_path(path)))], timeout=CALL).found[0]
    return found[0].value if found else None


def check_increments(scene: Scene) -> None:
    """Increment twice: the client is usable after the cut."""
    for expected in (FIRST + 1, FIRST + 2):
        assert increment(scene.backend) == 1
        assert value_of(scene.other, COUNTER) == str(expected)


def wait_for_refresh(lease: Lease) -> None:
    until = vars(lease)["_good_until"]
    wait_until(lambda: vars(lease)["_good_until"] > until, what="the lease is refreshed")


def increments(scene: Scene) -> None:
    write(scene.backend, n=str(FIRST))
    scene.begin()
    check_increments(scene)


def increments_without_lease(scene: Scene) -> None:
    commit(scene.other, n=str(FIRST))
    with pytest.MonkeyPatch.context() as patch:
        # A refresh would detect the loss before the commit.
        patch.setattr(leases_module.Leases, "_refresh_all", lambda _leases, _live: None)
        # Before the first commit: later, the token would be gone too, which is a conflict.
        lease = scene.backend.client_lease.current()
        scene.other.store.revoke_lease(lease.id, timeout=CALL)
        scene.begin()
        check_increments(scene)
    assert scene.backend.client_lease.current().id != lease.id


def increments_without_token(scene: Scene) -> None:
    write(scene.backend, n=str(FIRST))
    lease = scene.backend.client_lease.current()
    scene.other.store.commit([], [Delete(Span.prefix("token/"))], timeout=CALL)
    scene.begin()
    check_increments(scene)
    assert scene.backend.client_lease.current() is lease


def increments_when_full(scene: Scene) -> None:
    # Before the first commit: the client has no token, so its lease shows what the database says.
    commit(scene.other, n=str(FIRST))
    scene.backend.client_lease.current()
    CommitFaults(scene.backend.store).plan = ["full"]
    scene.begin()
    with pytest.raises(QuotaExceeded):
        increment(scene.backend)
    assert value_of(scene.other, COUNTER) == str(FIRST)
    check_increments(scene)


def logs_in(scene: Scene) -> None:
    write(scene.backend, n=str(FIRST))
    scene.etcd.discard_login()
    scene.begin()
    check_increments(scene)


def reads(scene: Scene) -> None:
    values = {f"/x/{name}": name for name in "abc"}
    puts = [Put(key_of_path(path), value) for path, value in values.items()]
    scene.other.store.commit([], [*puts, Put(key_of_path(COUNTER), str(FIRST))], timeout=CALL)
    backend, revision = scene.backend, now(scene.other)
    backend.get(COUNTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "VALUES_PER_PAGE", 2)
        scene.begin()
        assert now(backend) == revision
        assert backend.get(COUNTER)[0] == str(FIRST)
        assert backend.list_keys("/x/", with_values=True)[0] == sorted(values.items())
        assert backend.list_keys("/", recurse=1)[0] == [COUNTER, *values]
        assert backend.store.cluster_id(timeout=CALL) == scene.other.store.cluster_id(timeout=CALL)
        reader = CachedReader(backend.store, backend.cache)
        found = reader.read([Query(Span(key_of_path(COUNTER)))], timeout=CALL).found[0]
    assert [entry.value for entry in found or ()] == [str(FIRST)]


def checks_access(scene: Scene) -> None:
    before = now(scene.other)
    scene.begin()
    check(scene.backend.store, [Access.of_subarray("01", ())])
    assert now(scene.other) == before
    assert not scene.other.store.read([Query(Span(TOKEN))], timeout=CALL).found[0]


def loops(scene: Scene) -> None:
    commit(scene.other, n="1")
    scene.begin()
    with looping(scene.backend, lambda txn: txn.get(COUNTER)) as loop:
        loop.expect("1")
        commit(scene.other, n="2")
        loop.expect("2")
    assert loop.error is None


def watches(scene: Scene) -> None:
    sink = watch_from_now(scene.backend, Span(key_of_path(COUNTER)))
    commit(scene.other, n="1")
    sink.expect(("1/n", "1"))
    scene.etcd.discard_login()
    scene.begin()
    expect_more(scene, sink, "1", "2", "3", "4")
    assert not sink.gaps
    sink.watch.cancel()


def probes(scene: Scene) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PROBE_AFTER_S", "CHECK_INTERVAL_S"):
            patch.setattr(watchdog, name, SOON_S)
        scene.begin()
        sink = watch_from_now(scene.backend, Span(key_of_path(COUNTER)))
        wait_until(scene.is_cut, what="the stream is compared with the database")
        expect_more(scene, sink, "1", "2", "3")
    assert not sink.gaps
    sink.watch.cancel()


def skips_compacted(scene: Scene) -> None:
    for value in "12":
        commit(scene.other, n=value)
    newest = now(scene.other)
    etcd = vars(scene.other.store)["_etcd"]
    etcd.call("KV", "Compact", etcdrpc.CompactionRequest(revision=newest), CALL)
    scene.begin()
    sink = RecordingSink()
    sink.watch = scene.backend.store.watch(Span(key_of_path(COUNTER)), 1, sink)
    wait_until(lambda: sink.gaps)
    expect_more(scene, sink, "3", "4")
    assert (sink.gaps, sink.causes) == ([newest], [GapCause.COMPACTED])
    sink.watch.cancel()


def skips_restored(scene: Scene) -> None:
    key = key_of_path(COUNTER)
    sink = watch_from_now(scene.backend, Span(key))
    first = commit(scene.other, n="1")
    sink.expect(("1/n", "1"))
    # As if the database, restored from an older copy, had reached this revision with another
    # value: the stream delivers it again when it is resumed.
    entry = Entry(key, "of the lost copy", first, first)
    vars(vars(scene.backend.store)["_watch"])["_last"] = [Change(key, first, entry)]
    scene.begin()
    newest = commit(scene.other, n="2")
    wait_until(lambda: sink.gaps)
    expect_more(scene, sink, "1", "3", "4")
    assert (sink.gaps, sink.causes) == ([newest], [GapCause.RESTORED])
    sink.watch.cancel()


def expect_more(scene: Scene, sink: RecordingSink, *values: str) -> None:
    """Write the values that the sink does not have yet, and wait until it has them all."""
    for value in values[len(sink.changes) :]:
        commit(scene.other, n=value)
    sink.expect(*(("1/n", value) for value in values))


def leases(scene: Scene) -> None:
    write(scene.backend, n=str(FIRST))
    scene.other.store.commit([], [Delete(Span(key_of_path(LEASED)))], timeout=CALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases_module, "MAX_REFRESH_INTERVAL_S", SOON_S)
        scene.begin()
        with scene.backend.lease(TTL_S) as lease:
            scene.backend.create(LEASED, "1", lease)
            for _ in range(2):
                wait_for_refresh(lease)
            assert lease.alive()
            assert value_of(scene.other, LEASED) == "1"
        assert value_of(scene.other, LEASED) is None


def closes(scene: Scene) -> None:
    scene.other.store.commit([], [Delete(Span(key_of_path(LEASED)))], timeout=CALL)
    scene.backend.create(LEASED, "1", scene.backend.lease(TTL_S))
    scene.begin()
    scene.backend.close()
    assert value_of(scene.other, LEASED) is None


def writes_presence(scene: Scene) -> None:
    path = "/component/cut/owner"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(presence, "CHECK_INTERVAL_S", SOON_S)
        kept = presence.Presence(scene.backend, path, {"pid": 1})
        assert value_of(scene.other, path)
        scene.begin()
        scene.other.store.commit([], [Delete(Span(key_of_path(path)))], timeout=CALL)
        wait_until(lambda: scene.is_cut() and value_of(scene.other, path))
        kept.close()
        scene.backend.close()
        kept.join()


SCENES: Mapping[str, Callable[[Scene], None]] = {
    each.__name__: each
    for each in (
        increments,
        increments_without_lease,
        increments_without_token,
        increments_when_full,
        logs_in,
        reads,
        checks_access,
        loops,
        watches,
        probes,
        skips_compacted,
        skips_restored,
        leases,
        closes,
        writes_presence,
    )
}
