"""A database that is restored from an older copy while it is in use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ska_sdp_config.backend import ConfigRefused, MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.engine.backend import Backend, DbRevision
from ska_sdp_config.engine.cache import Cache
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import GapCause
from tests.services.versions import NEWER_FIRST, EtcdOf
from tests.support.backends import ConnectTo, compact, put
from tests.support.proxy import Proxy
from tests.support.stores import commit, watch_from_now
from tests.support.waiting import wait_until
from tests.support.watch_loops import Begin, looping, of_both_kinds

REVISIONS = 20
"""Number of revisions that a restored database lacks."""


class Restorable:
    """etcd server with a copy of its data."""

    def __init__(self, server: EtcdOf) -> None:
        self.server = server
        self._data = server.directory / "etcd-data"
        self._copy: Path = server.directory / "copy"

    def back_up(self) -> None:
        self.server.stop()
        shutil.copytree(self._data, self._copy)
        self.server.start()

    def restore(self) -> None:
        self.server.kill()
        shutil.rmtree(self._data)
        shutil.copytree(self._copy, self._data)
        self.server.start()


@pytest.fixture
def database(server: EtcdOf) -> Restorable:
    return Restorable(server)


@pytest.fixture
def backend(database: Restorable, etcd_client: ConnectTo) -> Iterator[Backend]:
    """A client of a database with ``/a`` = 1 in the copy, and 2 after it."""
    with etcd_client(host=database.server.endpoint, timeout=20) as backend:
        put(backend, a="1", b="1", **{"list/x": "1"})
        database.back_up()
        for number in range(REVISIONS):
            put(backend, filler=str(number))
        put(backend, a="2", **{"list/y": "1"})
        yield backend


@pytest.fixture
def without_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver no gap, as before the watch has detected the restore."""
    monkeypatch.setattr(Cache, "gap", lambda *arguments: None)


@NEWER_FIRST
@pytest.mark.parametrize("way", ["transaction", "watcher"])
def test_restore_within_body_reruns_it(
    backend: Backend, database: Restorable, without_watchdog: None, way: str
) -> None:
    """The reads of the body are stale, so it runs again."""
    iterations = iter(Watcher(backend, lambda txn: txn))
    transactions = backend.txn if way == "transaction" else next(iterations).txn
    seen = []
    for txn in transactions():
        seen.append((txn.get("/a"), txn.list_keys("/list/")))
        if len(seen) == 1:
            database.restore()
        txn.get("/b")
    assert seen == [("2", ["/list/x", "/list/y"]), ("1", ["/list/x"])]
    del iterations


@NEWER_FIRST
def test_restore_before_commit_is_conflict(
    backend: Backend, database: Restorable, without_watchdog: None
) -> None:
    """All reads of the body are cached."""
    iterations = iter(Watcher(backend, lambda txn: txn))
    txns = next(iterations).txn
    for txn in txns():
        assert txn.get("/a") == "2"
    seen = []
    for txn in txns():
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            database.restore()
        txn.update("/a", f"{seen[-1]}+")
        assert len(seen) < 10
    assert seen == ["2", "1"]
    assert backend.get("/a")[0] == "1+"
    del iterations


@NEWER_FIRST
def test_restore_between_iterations_is_detected(
    backend: Backend, database: Restorable, without_watchdog: None, etcd_client: ConnectTo
) -> None:
    """The next iteration reads the restored database, and its changes start iterations."""

    def read(txn: Txn) -> tuple[str | None, list[str], str | None]:
        return txn.get("/a"), txn.list_keys("/list/"), txn.get("/later")

    with looping(backend, read) as loop:
        loop.expect(("2", ["/list/x", "/list/y"], None))
        database.restore()
        loop.watcher.trigger()
        loop.expect(("1", ["/list/x"], None))
        with etcd_client(host=database.server.endpoint, timeout=20) as other:
            other.create("/later", "1")
            loop.expect(("1", ["/list/x"], "1"))
            other.delete("/list/x")
            loop.expect(("1", [], "1"))
        assert loop.error is None


@pytest.mark.long
@NEWER_FIRST
@of_both_kinds
def test_restore_is_detected_by_watch(
    backend: Backend, database: Restorable, begin: Begin
) -> None:
    with begin(backend, lambda txn: (txn.get("/a"), txn.list_keys("/list/"))) as loop:
        loop.expect(("2", ["/list/x", "/list/y"]))
        database.restore()
        loop.expect(("1", ["/list/x"]))
        assert loop.error is None


@NEWER_FIRST
def test_revision_before_restore_is_rejected(backend: Backend, database: Restorable) -> None:
    _, then = backend.get("/a")
    database.restore()
    with pytest.raises(ConfigRefused, match="older copy"):
        backend.get("/a", DbRevision(then.revision))
    assert backend.get("/a")[0] == "1"


@of_both_kinds
def test_cleared_memory_database_is_read_again(begin: Begin) -> None:
    database = Database()
    backend = MemoryBackend(database)
    for number in range(REVISIONS):
        put(backend, a=str(number))
    with begin(backend, lambda txn: (txn.get("/a"), txn.get("/b"))) as loop:
        loop.expect((str(REVISIONS - 1), None))
        database.clear()
        loop.expect((None, None))
        put(backend, b="1")
        loop.expect((None, "1"))


def test_memory_database_cleared_within_body_reruns_it() -> None:
    database = Database()
    backend = MemoryBackend(database)
    put(backend, a="1")
    seen = []
    for txn in backend.txn():
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            database.clear()
        txn.get("/b")
    assert seen == ["1", None]


@NEWER_FIRST
def test_restored_database_with_newer_revisions_is_a_gap(
    database: Restorable, etcd_client: ConnectTo
) -> None:
    """While the watch was disconnected, it has passed the revision to resume from."""
    server = database.server
    with (
        Proxy(server.host, server.port) as network,
        etcd_client(host=server.endpoint, timeout=20) as other,
        etcd_client(host=network.endpoint, timeout=20) as backend,
    ):
        commit(other, a="1")
        database.back_up()
        sink = watch_from_now(backend)
        commit(other, a="2")
        sink.expect(("1/a", "2"))
        # The same history, delivered again, is no gap.
        network.cut()
        commit(other, a="3")
        sink.expect(("1/a", "2"), ("1/a", "3"))
        with network.down():
            database.restore()
            revisions = [commit(other, b=str(number)) for number in range(5)]
        wait_until(lambda: sink.gaps)
        assert sink.gaps == revisions[-1:]
        assert sink.causes == [GapCause.RESTORED]
        commit(other, c="1")
        sink.expect(("1/a", "2"), ("1/a", "3"), ("1/c", "1"))


@NEWER_FIRST
def test_gap_after_a_restore_whose_revisions_are_compacted_names_the_restore(
    database: Restorable, etcd_client: ConnectTo
) -> None:
    """Nothing in it shows that its history is another one."""
    server = database.server
    with (
        Proxy(server.host, server.port) as network,
        etcd_client(host=server.endpoint, timeout=20) as other,
        etcd_client(host=network.endpoint, timeout=20) as backend,
    ):
        commit(other, a="1")
        database.back_up()
        sink = watch_from_now(backend)
        commit(other, a="2")
        sink.expect(("1/a", "2"))
        with network.down():
            database.restore()
            revisions = [commit(other, b=str(number)) for number in range(5)]
            compact(other, revisions[-1])
        wait_until(lambda: sink.gaps)
        [cause] = sink.causes
        assert "the database was restored" in cause.value
