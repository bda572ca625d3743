"""Gateway watches: failures of the network and of the server."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ska_sdp_config.backends import Etcd3Revolution1Backend
from ska_sdp_config.drivers.etcd import watchdog
from ska_sdp_config.drivers.etcd.gateway.sockets import Sockets
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING, Span
from ska_sdp_sim.stack.etcd import Etcd
from tests.backend.comparisons import comparisons
from tests.support.backends import compact
from tests.support.in_time import in_time
from tests.support.proxy import Connection, Proxy
from tests.support.stores import RecordingSink, commit, now, watch_from_now
from tests.support.waiting import LATE, wait_until


class WatchProxy(Proxy):
    """Proxy to a gateway; forwards everything until ``mute_watches``."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._watches: list[Connection] = []
        self._mutes_new = False

    def mute_watches(self, new_ones: bool = False) -> None:
        """Discard the responses of the watches that are open.

        Args:
            new_ones: whether to discard those of watches yet to be opened too.
        """
        self._mutes_new = new_ones
        for connection in list(self._watches):
            connection.down.discards = True

    def should_forward(self, connection: Connection, data: bytes) -> bool:
        if b"/v3/watch" in data:
            self._watches.append(connection)
            connection.down.discards = self._mutes_new
        return True


@pytest.fixture
def direct(etcd: Etcd) -> Iterator[Backend]:
    """Client that is connected directly to the same, empty database."""
    with Etcd3Revolution1Backend(host=etcd.endpoint) as backend:
        backend.store.commit([], [Delete(EVERYTHING)], timeout=20)
        yield backend


@pytest.fixture
def relay(etcd: Etcd) -> Iterator[WatchProxy]:
    with WatchProxy(etcd.host, etcd.port) as relay:
        yield relay


@pytest.fixture
def backend(relay: WatchProxy, direct: Backend) -> Iterator[Backend]:
    """Client that is connected through the proxy."""
    with Etcd3Revolution1Backend(host=relay.endpoint) as backend:
        yield backend


@pytest.fixture
def fast_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probe idle watches after 0.1 s.

    The lag timeout stays: a busy server may deliver events late on working streams too.
    """
    monkeypatch.setattr(watchdog, "PROBE_AFTER_S", 0.1)


@pytest.mark.long
@pytest.mark.usefixtures("fast_probes")
@pytest.mark.parametrize(
    ("span", "value"),
    [
        (EVERYTHING, None),
        (Span.prefix("1/"), "2"),
        (Span.prefix("1/"), None),
        (Span("1/a"), "2"),
        (Span("1/a"), None),
    ],
    ids=["all deleted", "range written", "range deleted", "key written", "key deleted"],
)
def test_silent_watch_is_replaced_without_loss(
    backend: Backend, direct: Backend, relay: WatchProxy, span: Span, value: str | None
) -> None:
    commit(direct, a="0")
    sink = watch_from_now(backend, span)
    commit(direct, a="1")
    sink.expect(("1/a", "1"))
    relay.mute_watches()
    commit(direct, a=value)
    sink.expect(("1/a", "1"), ("1/a", value))
    commit(direct, a="3")
    sink.expect(("1/a", "1"), ("1/a", value), ("1/a", "3"))
    assert not sink.gaps


@pytest.mark.long
def test_silence_is_detected_within_ten_seconds(
    backend: Backend, direct: Backend, relay: WatchProxy
) -> None:
    sink = watch_from_now(backend)
    commit(direct, a="1")
    sink.expect(("1/a", "1"))
    relay.mute_watches()
    with in_time(10):
        commit(direct, a="2")
        sink.expect(("1/a", "1"), ("1/a", "2"))


@pytest.mark.long
@pytest.mark.usefixtures("fast_probes")
def test_gap_is_announced_when_every_watch_is_silent(
    backend: Backend, direct: Backend, relay: WatchProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "LAG_TIMEOUT_S", 0.05)
    sink = watch_from_now(backend, Span("1/a"))
    commit(direct, a="1")
    sink.expect(("1/a", "1"))
    relay.mute_watches(new_ones=True)
    revisions: list[int] = []
    for value in ("2", None, "3"):
        revisions.append(commit(direct, a=value))
        wait_until(lambda: sink.gaps == revisions)
    assert len(sink.changes) == 1
    relay.mute_watches(new_ones=False)
    relay.cut()
    commit(direct, a="4")
    wait_until(lambda: len(sink.changes) == 2 or len(sink.gaps) == 4)


@pytest.mark.long
@pytest.mark.usefixtures("fast_probes")
def test_lossless_watch_has_no_gap_when_every_watch_is_silent(
    backend: Backend, direct: Backend, relay: WatchProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "LAG_TIMEOUT_S", 0.05)
    sink, other = RecordingSink(), watch_from_now(backend)
    backend.store.watch(EVERYTHING, now(backend) + 1, sink, is_lossless=True)
    relay.mute_watches(new_ones=True)
    commit(direct, a="1")
    commit(direct, a="2")
    wait_until(lambda: bool(other.gaps))
    relay.mute_watches(new_ones=False)
    relay.cut()
    sink.expect(("1/a", "1"), ("1/a", "2"))
    assert not sink.gaps


@pytest.mark.long
@pytest.mark.usefixtures("fast_probes")
def test_idle_watch_is_not_replaced(
    backend: Backend, direct: Backend, relay: WatchProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, compared = watch_from_now(backend, Span("1/a")), comparisons(monkeypatch)
    commit(direct, a="1")
    sink.expect(("1/a", "1"))
    for value in map(str, range(8)):
        commit(direct, elsewhere=value)
        before = len(compared)
        wait_until(lambda: len(compared) > before)  # noqa: B023 - ends in the loop
    assert backend.counts.read()["watches_resumed"] == 0
    # Probes advance the resume revision, so a compaction up to it causes no gap.
    revision = now(direct)
    wait_until(lambda: sink.watch.next_revision > revision)  # type: ignore[attr-defined]
    compact(direct)
    relay.cut()
    commit(direct, a="2")
    sink.expect(("1/a", "1"), ("1/a", "2"))
    assert backend.counts.read()["watches_resumed"] >= 1


def test_reads_after_a_compaction_are_no_comparisons(
    backend: Backend, direct: Backend, relay: WatchProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "PROBE_AFTER_S", LATE)
    sink, compared = watch_from_now(backend), comparisons(monkeypatch)
    with relay.down():
        commit(direct, a="1")
        compact(direct)
    wait_until(lambda: sink.gaps)
    assert compared == []


def test_repeated_cuts_lose_no_changes_and_leak_nothing(
    backend: Backend, direct: Backend, relay: WatchProxy
) -> None:
    sink = watch_from_now(backend)
    commit(direct, a="first")
    sink.expect(("1/a", "first"))
    threads, files = threading.active_count(), _open_files()
    expected: list[tuple[str, str | None]] = [("1/a", "first")]
    for number in range(12):
        relay.cut()
        expected.append(("1/a", str(number)))
        commit(direct, a=str(number))
        # In every other round, the next cut comes while the watch resumes.
        if number % 2:
            sink.expect(*expected)
    assert not sink.gaps
    wait_until(lambda: threading.active_count() <= threads)
    wait_until(lambda: _open_files() <= files + 2)


def test_watches_share_one_thread(backend: Backend) -> None:
    def threads() -> int:
        return sum(thread.name == "config-watch" for thread in threading.enumerate())

    # The threads of earlier tests have ended.
    assert threads() == 0
    watches = [
        backend.store.watch(Span(f"1/{n}"), now(backend) + 1, RecordingSink()) for n in range(5)
    ]
    assert threads() == 1
    for watch in watches:
        watch.cancel()
    wait_until(lambda: threads() == 0)


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_watch_ends_at_once_while_server_is_unresponsive(own_etcd: Etcd, end: str) -> None:
    with Etcd3Revolution1Backend(host=own_etcd.endpoint) as backend:
        revision = now(backend)
        before = threading.active_count()
        sink = RecordingSink()
        watches = [backend.store.watch(EVERYTHING, revision + 1, sink)]
        commit(backend, a="1")
        sink.expect(("1/a", "1"))
        own_etcd.pause()
        watches.append(backend.store.watch(EVERYTHING, revision + 1, sink))
        with in_time(LATE):
            if end == "close":
                backend.store.close()
            for watch in watches:
                watch.cancel()
            wait_until(lambda: threading.active_count() <= before)
        own_etcd.resume()


@pytest.mark.usefixtures("fast_probes")
def test_watch_resumes_after_outage(own_etcd: Etcd) -> None:
    with Etcd3Revolution1Backend(host=own_etcd.endpoint, timeout=1) as backend:
        states: list[str] = []
        sink = watch_from_now(backend)
        commit(backend, a="0")
        sink.expect(("1/a", "0"))
        backend.connection.listen(states.append)
        own_etcd.pause()
        wait_until(lambda: states[-1:] == ["suspended"])
        own_etcd.resume()
        # On a busy machine, another call may time out first.
        wait_until(lambda: states[-1] == "connected")
        commit(backend, a="1")
        sink.expect(("1/a", "0"), ("1/a", "1"))
        assert not sink.gaps


@pytest.mark.usefixtures("fast_probes")
@pytest.mark.parametrize("span", [EVERYTHING, Span("1/a")], ids=["all", "key"])
def test_emptied_database_is_reported_as_gap(own_etcd: Etcd, span: Span) -> None:
    """Without the gap, nothing is delivered until the previous revision is reached."""
    with Etcd3Revolution1Backend(host=own_etcd.endpoint) as backend:
        for number in range(20):
            commit(backend, a=str(number))
        sink = watch_from_now(backend, span)
        own_etcd.stop()
        shutil.rmtree(own_etcd.directory / "etcd-data")
        own_etcd.start()
        wait_until(lambda: sink.gaps, 20)
        commit(backend, a="new")
        sink.expect(("1/a", "new"))
        assert len(sink.gaps) == 1


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_watch_can_be_cancelled_by_a_thread_that_holds_its_locks(etcd: Etcd) -> None:
    """The garbage collector may end an abandoned watcher in the thread of the watch."""
    with Etcd3Revolution1Backend(host=etcd.endpoint) as backend:
        sink = watch_from_now(backend)
        commit(backend, a="1")
        sink.expect(("1/a", "1"))
        stream = backend.store._watch._stream  # type: ignore[attr-defined]  # of this store
        sockets: Sockets = stream._call._sockets

        def end() -> None:
            with sockets._lock, ExitStack() as locks:
                for each in sockets._sockets:
                    locks.enter_context(each._lock)
                sink.watch.cancel()

        thread = threading.Thread(target=end, daemon=True)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
