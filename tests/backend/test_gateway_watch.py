"""Watches by the gateway when the network, or the server, lets them down."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ska_sdp_config.backend import Etcd3Revolution1Backend
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.keys import EVERYTHING, Span
from ska_sdp_config.backend.revolution1 import watch as gateway_watch
from ska_sdp_config.backend.revolution1.wire import Wires
from ska_sdp_config.backend.store import Delete
from ska_sdp_lmc.stack.etcd import Etcd
from tests.backend.relay import Relay
from tests.backend.test_store_watch import Heard, commit, now
from tests.backend.test_transactions import compact
from tests.in_time import in_time
from tests.waiting import LATE, wait_until


@pytest.fixture
def direct(etcd: Etcd) -> Iterator[Backend]:
    """Another client, on a good connection to the same, empty database."""
    with Etcd3Revolution1Backend(host=etcd.host, port=etcd.port) as backend:
        backend.store.commit([], [Delete(EVERYTHING)], timeout=5)
        yield backend


@pytest.fixture
def relay(etcd: Etcd) -> Iterator[Relay]:
    with Relay(etcd.host, etcd.port) as relay:
        yield relay


@pytest.fixture
def backend(relay: Relay, direct: Backend) -> Iterator[Backend]:
    """A client whose connection may be broken."""
    with Etcd3Revolution1Backend(host=relay.host, port=relay.port) as backend:
        yield backend


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quiet is noticed in a twentieth of the time.

    What is owed has its second: in less, a busy server does not tell even those who are heard.
    """
    monkeypatch.setattr(gateway_watch, "COMPARE_EVERY", 0.1)


@pytest.mark.usefixtures("brisk")
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
def test_silent_watch_is_replaced_and_nothing_is_lost(
    backend: Backend, direct: Backend, relay: Relay, span: Span, value: str | None
) -> None:
    commit(direct, a="0")
    heard = Heard()
    watch = backend.store.watch(span, now(direct) + 1, heard)
    commit(direct, a="1")
    heard.heard(("1/a", "1"))
    relay.mute_watches()
    commit(direct, a=value)
    heard.heard(("1/a", "1"), ("1/a", value))
    commit(direct, a="3")
    heard.heard(("1/a", "1"), ("1/a", value), ("1/a", "3"))
    assert not heard.gaps
    watch.cancel()


@pytest.mark.long
def test_silence_is_noticed_within_ten_seconds(
    backend: Backend, direct: Backend, relay: Relay
) -> None:
    heard = Heard()
    watch = backend.store.watch(EVERYTHING, now(direct) + 1, heard)
    commit(direct, a="1")
    heard.heard(("1/a", "1"))
    relay.mute_watches()
    with in_time(10):
        commit(direct, a="2")
        heard.heard(("1/a", "1"), ("1/a", "2"))
    watch.cancel()


@pytest.mark.usefixtures("brisk")
def test_where_no_watch_is_heard_the_gap_is_announced(
    backend: Backend, direct: Backend, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_watch, "OWED_FOR", 0.05)
    heard = Heard()
    watch = backend.store.watch(Span("1/a"), now(direct) + 1, heard)
    commit(direct, a="1")
    heard.heard(("1/a", "1"))
    relay.mute_watches(new_ones=True)
    revisions: list[int] = []
    for value in ("2", None, "3"):
        revisions.append(commit(direct, a=value))
        wait_until(lambda: heard.gaps == revisions)
    assert len(heard.changes) == 1
    relay.mute_watches(new_ones=False)
    relay.cut()
    commit(direct, a="4")
    wait_until(lambda: len(heard.changes) == 2 or len(heard.gaps) == 4)
    watch.cancel()


def comparisons(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Holds the pause after each comparison that a watch begun from now on has done."""
    done: list[float] = []
    compare = gateway_watch.GatewayWatch._compare

    def compare_and_tell(watch: gateway_watch.GatewayWatch) -> float:
        done.append(compare(watch))
        return done[-1]

    monkeypatch.setattr(gateway_watch.GatewayWatch, "_compare", compare_and_tell)
    return done


@pytest.mark.usefixtures("brisk")
def test_quiet_watch_stays_as_it_is(
    backend: Backend, direct: Backend, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, compared = Heard(), comparisons(monkeypatch)
    watch = backend.store.watch(Span("1/a"), now(direct) + 1, heard)
    commit(direct, a="1")
    heard.heard(("1/a", "1"))
    for value in map(str, range(8)):
        commit(direct, elsewhere=value)
        before = len(compared)
        wait_until(lambda: len(compared) > before)  # noqa: B023 - ends in the loop
    assert backend.counts.read()["watches_resumed"] == 0
    # What it is level with need not be kept for it.
    revision = now(direct)
    wait_until(lambda: watch._progress.next_revision > revision)  # type: ignore[attr-defined]
    compact(direct)
    relay.cut()
    commit(direct, a="2")
    heard.heard(("1/a", "1"), ("1/a", "2"))
    assert backend.counts.read()["watches_resumed"] >= 1
    watch.cancel()


def test_cut_again_and_again_it_misses_nothing_and_leaves_nothing(
    backend: Backend, direct: Backend, relay: Relay
) -> None:
    heard = Heard()
    watch = backend.store.watch(EVERYTHING, now(direct) + 1, heard)
    commit(direct, a="first")
    heard.heard(("1/a", "first"))
    threads, files = threading.active_count(), _open_files()
    expected: list[tuple[str, str | None]] = [("1/a", "first")]
    for number in range(12):
        relay.cut()
        expected.append(("1/a", str(number)))
        commit(direct, a=str(number))
        # Every other time it is cut again while it resumes.
        if number % 2:
            heard.heard(*expected)
    assert not heard.gaps
    wait_until(lambda: threading.active_count() <= threads)
    wait_until(lambda: _open_files() <= files + 2)
    watch.cancel()


def test_one_thread_a_range(backend: Backend) -> None:
    def threads() -> int:
        return sum(thread.name == "config-watch" for thread in threading.enumerate())

    # Those of earlier tests have been waited for.
    assert threads() == 0
    watches = [backend.store.watch(Span(f"1/{n}"), now(backend) + 1, Heard()) for n in range(5)]
    assert threads() == 5
    for watch in watches:
        watch.cancel()
    wait_until(lambda: threads() == 0)


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_ends_at_once_while_the_server_is_silent(
    etcd_server: Callable[..., Etcd], end: str
) -> None:
    server = etcd_server()
    with Etcd3Revolution1Backend(host=server.host, port=server.port) as backend:
        revision = now(backend)
        before = threading.active_count()
        heard = Heard()
        watches = [backend.store.watch(EVERYTHING, revision + 1, heard)]
        commit(backend, a="1")
        heard.heard(("1/a", "1"))
        server.pause()
        watches.append(backend.store.watch(EVERYTHING, revision + 1, heard))
        with in_time(LATE):
            if end == "close":
                backend.store.close()
            for watch in watches:
                watch.cancel()
            wait_until(lambda: threading.active_count() <= before)
        server.resume()


@pytest.mark.usefixtures("brisk")
def test_outage_is_told_and_survived(etcd_server: Callable[..., Etcd]) -> None:
    server = etcd_server()
    with Etcd3Revolution1Backend(host=server.host, port=server.port, timeout=1) as backend:
        states: list[str] = []
        heard = Heard()
        watch = backend.store.watch(EVERYTHING, now(backend) + 1, heard)
        commit(backend, a="0")
        heard.heard(("1/a", "0"))
        backend.connection.listen(states.append)
        server.pause()
        wait_until(lambda: states[-1:] == ["suspended"])
        server.resume()
        # A busy machine may answer too late once more.
        wait_until(lambda: states[-1] == "connected")
        commit(backend, a="1")
        heard.heard(("1/a", "0"), ("1/a", "1"))
        assert not heard.gaps
        watch.cancel()


@pytest.mark.usefixtures("brisk")
@pytest.mark.parametrize("span", [EVERYTHING, Span("1/a")], ids=["all", "key"])
def test_database_that_comes_back_empty_is_read_anew(
    etcd_server: Callable[..., Etcd], span: Span
) -> None:
    """It would tell of nothing until it has come to the revision of the one before."""
    server = etcd_server()
    with Etcd3Revolution1Backend(host=server.host, port=server.port) as backend:
        for number in range(20):
            commit(backend, a=str(number))
        heard = Heard()
        watch = backend.store.watch(span, now(backend) + 1, heard)
        server.stop()
        shutil.rmtree(server.directory / "etcd-data")
        server.start()
        wait_until(lambda: heard.gaps, 20)
        commit(backend, a="new")
        heard.heard(("1/a", "new"))
        assert len(heard.gaps) == 1
        watch.cancel()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_watch_is_ended_by_a_thread_that_is_inside_of_it(etcd: Etcd) -> None:
    """As its own may be, made to collect a watcher that was left behind."""
    with Etcd3Revolution1Backend(host=etcd.host, port=etcd.port) as backend:
        heard = Heard()
        watch = backend.store.watch(EVERYTHING, now(backend) + 1, heard)
        commit(backend, a="1")
        heard.heard(("1/a", "1"))
        wires: Wires = watch._line._wires  # type: ignore[attr-defined]  # of this store

        def end() -> None:
            with wires._lock, ExitStack() as locks:
                for wire in wires._wires:
                    locks.enter_context(wire._lock)
                watch.cancel()

        thread = threading.Thread(target=end, daemon=True)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
