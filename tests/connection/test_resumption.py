"""Resumption of watches after failures of the stream."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd as EtcdCalls
from ska_sdp_config.drivers.etcd.grpc.stream import EtcdWatch, Stream
from ska_sdp_config.drivers.etcd.grpc.stream_watchdog import StreamWatchdog
from ska_sdp_config.store.keys import EVERYTHING, Span
from tests.connection.conftest import ConnectTo, Through
from tests.connection.proxy import Proxy
from tests.services.versions import NEWER_FIRST, NEWER_ONLY, EtcdOf, Start
from tests.support.backends import Heard, commit, compact, now
from tests.support.watching import looping
from tests.waiting import wait_until

WATCHDOG = "ska_sdp_config.drivers.etcd.grpc.stream_watchdog"

REVISIONS = 900
VALUE = "x" * 8192
CUTS = 6


@pytest.fixture
def network(server: EtcdOf, through: Through) -> Proxy:
    """What stands between client and server."""
    return through(server)


@dataclass(frozen=True)
class Backlog:
    """More than four mebibytes of history, and the server that has it.

    Attributes:
        first: revision of the first change.
    """

    server: EtcdOf
    first: int

    def told_in_full(self, heard: Heard) -> bool:
        revisions = [change.revision for change in heard.changes[:REVISIONS]]
        return revisions == list(range(self.first, self.first + REVISIONS))


@pytest.fixture(scope="module")
def backlog(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backlog]:
    """Written once, read by several tests; do not write before them."""
    with EtcdOf(program, tmp_path_factory.mktemp("etcd")) as server:
        with Etcd3Backend(host=server.endpoint) as backend:
            first = now(backend) + 1
            for number in range(REVISIONS):
                commit(backend, a=f"{number} {VALUE}")
        yield Backlog(server, first)


def test_watch_resumes_with_backlog_over_four_mebibytes(
    backlog: Backlog, through: Through, connect: ConnectTo
) -> None:
    network = through(backlog.server)
    heard = Heard()
    connect(network.endpoint).store.watch(EVERYTHING, backlog.first, heard)
    wait_until(lambda: len(heard.changes) >= REVISIONS)
    assert backlog.told_in_full(heard)
    assert not heard.gaps
    assert network.accepted == 1


def test_progress_reply_does_not_advance_resume_revision(
    backlog: Backlog, through: Through, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress is requested continuously while the stream is cut at arbitrary points."""
    monkeypatch.setattr(f"{WATCHDOG}.REQUEST_PROGRESS_AFTER", -1.0)
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER", 60.0)
    monkeypatch.setattr(f"{WATCHDOG}.CHECK_INTERVAL", 0.005)
    overtakers = 0
    take = Stream._on_response

    def taken(stream: Stream, response: Any) -> None:
        nonlocal overtakers
        progress = not (response.events or response.created or response.canceled)
        if progress and response.header.revision >= watch.next_revision:
            overtakers += 1
            if overtakers <= CUTS:
                network.cut()
        take(stream, response)

    monkeypatch.setattr(Stream, "_on_response", taken)
    network = through(backlog.server)
    backend = connect(network.endpoint)
    backend.get("/a")
    pause, moments = threading.Event(), random.Random(7)
    end = time.monotonic() + 120
    # Whether one overtakes is a matter of chance, and of the machine.
    while not overtakers:
        assert time.monotonic() < end, "no progress has overtaken any event"
        network.limit(30_000_000)
        heard = Heard()
        watch: Any = backend.store.watch(EVERYTHING, backlog.first, heard)
        for _ in range(CUTS):
            pause.wait(moments.random() * 0.1)
            network.cut()
        network.limit(None)
        wait_until(lambda: len(heard.changes) >= REVISIONS)  # noqa: B023 - ends in the loop
        assert backlog.told_in_full(heard)
        assert not heard.gaps
        watch.cancel()


@NEWER_FIRST
def test_backlog_on_slow_connection_is_delivered(
    backlog: Backlog, through: Through, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no silence, as reads are answered; nor is it begun anew for ever.

    Either it comes through, or it is given up, and what it would have told is read.
    """
    monkeypatch.setattr(f"{WATCHDOG}.REQUEST_PROGRESS_AFTER", 0.1)
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER", 0.4)
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_DEADLINE", 3.0)
    network = through(backlog.server)
    backend, other = connect(network.endpoint), connect(backlog.server.endpoint)
    before = now(backend)
    network.limit(4_000_000)
    heard = Heard()
    backend.store.watch(EVERYTHING, backlog.first, heard)
    wait_until(lambda: heard.gaps or len(heard.changes) >= REVISIONS, within=60)
    assert heard.gaps == [before] or backlog.told_in_full(heard)
    commit(other, a="newest")
    wait_until(lambda: heard.changes and heard.changes[-1].revision == before + 1)


@pytest.mark.parametrize("breaks", ["cut", "restart", "kill"])
def test_watch_resumes_without_loss(
    server: EtcdOf, network: Proxy, connect: ConnectTo, breaks: str
) -> None:
    backend, other = connect(network.endpoint), connect(server.endpoint)
    heard = Heard()
    first = now(backend) + 1
    backend.store.watch(EVERYTHING, first, heard)
    expected: list[tuple[str, str | None]] = []
    for number in range(3):
        if breaks == "cut":
            network.refuse(True)
            network.cut()
        elif breaks == "kill":
            server.kill()
            server.start()
        elif breaks == "restart":
            server.restart()
        for name in "ab":
            commit(other, **{name: str(number)})
            expected.append((f"1/{name}", str(number)))
        commit(other, a=None)
        expected.append(("1/a", None))
        network.refuse(False)
        heard.heard(*expected)
    assert not heard.gaps


def test_compacted_changes_are_reported_as_gap(
    server: EtcdOf, network: Proxy, connect: ConnectTo
) -> None:
    backend, other = connect(network.endpoint), connect(server.endpoint)
    commit(other, a="0")
    heard = Heard()
    backend.store.watch(EVERYTHING, now(backend) + 1, heard)
    with looping(connect(network.endpoint), lambda txn: txn.get("/a")) as loop:
        loop.saw("0")
        commit(other, a="1")
        heard.heard(("1/a", "1"))
        loop.saw("1")
        network.refuse(True)
        network.cut()
        for number in range(2, 20):
            commit(other, a=str(number))
        compact(other)
        network.refuse(False)
        wait_until(lambda: heard.gaps == [now(other)])
        loop.saw("19")
        commit(other, a="20")
        heard.heard(("1/a", "1"), ("1/a", "20"))
        loop.saw("20")


@NEWER_ONLY
def test_internal_error_does_not_end_watches(
    server: EtcdOf,
    connect: ConnectTo,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One thread receives for all watches and is not restarted."""
    open_call = EtcdCalls.watch
    tries: list[Channel] = []

    def watch(etcd: EtcdCalls, channel: Channel, requests: Iterator[Any]) -> Any:
        tries.append(channel)
        if len(tries) == 1:
            raise LookupError("a fault of ours")
        return open_call(etcd, channel, requests)

    monkeypatch.setattr(EtcdCalls, "watch", watch)
    backend = connect(server.endpoint)
    heard = Heard()
    backend.store.watch(EVERYTHING, now(backend) + 1, heard)
    commit(backend, a="1")
    heard.heard(("1/a", "1"))
    assert len(tries) == 2
    assert "a fault of ours" in caplog.text


@NEWER_FIRST
def test_emptied_database_is_reloaded(
    server: EtcdOf, network: Proxy, start: Start, connect: ConnectTo
) -> None:
    """It delivers nothing until it reaches the revision of the previous database."""
    backend = connect(network.endpoint)
    for number in range(20):
        commit(backend, a=str(number))
    heard = Heard()
    backend.store.watch(Span("1/a"), now(backend) + 1, heard)
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.saw("19")
        empty = start()
        network.target = (empty.host, empty.port)
        server.kill()
        network.cut()
        loop.saw(None)
        wait_until(lambda: heard.gaps)
        other = connect(empty.endpoint)
        commit(other, a="new")
        loop.saw("new")
        wait_until(lambda: [change.entry for change in heard.changes])
        commit(other, a="newer")
        loop.saw("newer")
        assert loop.rests()


@NEWER_ONLY
def test_lagging_member_is_not_a_restored_database(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its create response has an older revision; a linearizable read waits for the newest."""
    # Nor is there another read, as of a stream on which a busy machine has heard nothing.
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER", 60.0)
    take, find_stalled = Stream._on_response, StreamWatchdog._find_stalled
    reads: list[list[EtcdWatch]] = []

    def taken(stream: Stream, response: Any) -> None:
        if response.created:
            response.header.revision = 1
        take(stream, response)

    def read(watchdog: StreamWatchdog, timeout: float) -> list[EtcdWatch]:
        found = find_stalled(watchdog, timeout)
        reads.append(watchdog.ahead)
        return found

    monkeypatch.setattr(Stream, "_on_response", taken)
    monkeypatch.setattr(StreamWatchdog, "_find_stalled", read)
    backend = connect(server.endpoint)
    commit(backend, a="0")
    heard = Heard()
    backend.store.watch(EVERYTHING, now(backend) + 1, heard)
    wait_until(lambda: reads)
    commit(backend, a="1")
    heard.heard(("1/a", "1"))
    assert not heard.gaps
    assert reads == [[]]
    assert not backend.counts.read()["watches_resumed"]
