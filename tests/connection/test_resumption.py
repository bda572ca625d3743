"""Resumption of watches after failures of the stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.drivers.etcd.channel import Channel, WatchCall
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.grpc.channel import GrpcChannel
from ska_sdp_config.drivers.etcd.login import Metadata
from ska_sdp_config.drivers.etcd.watch import StoreWatch
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import GapCause
from ska_sdp_config.store.keys import EVERYTHING, Span
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_FIRST, NEWER_ONLY, EtcdOf, Start
from tests.support.backends import compact
from tests.support.endless import EndlessCall
from tests.support.proxy import Proxy
from tests.support.stores import RecordingSink, commit, now, watch_from_now
from tests.support.waiting import wait_until
from tests.support.watch_loops import looping
from tests.support.watch_streams import WATCHDOG, WatchStream, intercept_responses

REVISIONS = 900
VALUE = "x" * 8192
CUTS = 6


@dataclass(frozen=True)
class Backlog:
    """Server with more than four mebibytes of history.

    Attributes:
        first: revision of the first change.
    """

    server: EtcdOf
    first: int

    def is_delivered(self, sink: RecordingSink) -> bool:
        revisions = [change.revision for change in sink.changes[:REVISIONS]]
        return revisions == list(range(self.first, self.first + REVISIONS))


@pytest.fixture(scope="module")
def backlog(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backlog]:
    """Written once, read by several tests; do not write before its changes."""
    with EtcdOf(program, tmp_path_factory.mktemp("etcd")) as server:
        with Etcd3Backend(host=server.endpoint) as backend:
            first = now(backend) + 1
            for number in range(REVISIONS):
                commit(backend, a=f"{number} {VALUE}")
        yield Backlog(server, first)


@pytest.fixture
def backlog_network(backlog: Backlog) -> Iterator[Proxy]:
    """Proxy to the server of the backlog."""
    with Proxy(backlog.server.host, backlog.server.port) as proxy:
        yield proxy


@NEWER_FIRST
def test_watch_resumes_with_backlog_over_four_mebibytes(
    backlog: Backlog, backlog_network: Proxy, connect: ConnectTo
) -> None:
    sink = RecordingSink()
    connect(backlog_network.endpoint).store.watch(EVERYTHING, backlog.first, sink)
    wait_until(lambda: len(sink.changes) >= REVISIONS)
    assert backlog.is_delivered(sink)
    assert not sink.gaps
    assert backlog_network.accepted == 1


@NEWER_FIRST
def test_backlog_on_slow_connection_is_delivered(
    backlog: Backlog, backlog_network: Proxy, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream is neither dead, as reads are answered, nor restarted for ever.

    The backlog is delivered, or it is reported as a gap.
    """
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 0.4)
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_DEADLINE_S", 3.0)
    backend, other = connect(backlog_network.endpoint), connect(backlog.server.endpoint)
    before = now(backend)
    backlog_network.limit(4_000_000)
    sink = RecordingSink()
    backend.store.watch(EVERYTHING, backlog.first, sink)
    wait_until(lambda: sink.gaps or len(sink.changes) >= REVISIONS, within=60)
    assert sink.gaps == [before] or backlog.is_delivered(sink)
    commit(other, a="newest")
    wait_until(lambda: sink.changes and sink.changes[-1].revision == before + 1)


@NEWER_FIRST
@pytest.mark.parametrize("breaks", ["cut", "restart", "kill"])
def test_watch_resumes_without_loss(
    server: EtcdOf, network: Proxy, proxied: Backend, backend: Backend, breaks: str
) -> None:
    sink = RecordingSink()
    first = now(proxied) + 1
    proxied.store.watch(EVERYTHING, first, sink)
    expected: list[tuple[str, str | None]] = []
    for number in range(3):
        if breaks == "cut":
            network.reject_connections(True)
            network.cut()
        elif breaks == "kill":
            server.kill()
            server.start()
        elif breaks == "restart":
            server.restart()
        for name in "ab":
            commit(backend, **{name: str(number)})
            expected.append((f"1/{name}", str(number)))
        commit(backend, a=None)
        expected.append(("1/a", None))
        network.reject_connections(False)
        sink.expect(*expected)
    assert not sink.gaps


def test_compacted_changes_are_reported_as_gap(
    network: Proxy, proxied: Backend, backend: Backend, connect: ConnectTo
) -> None:
    commit(backend, a="0")
    sink = watch_from_now(proxied)
    with looping(connect(network.endpoint), lambda txn: txn.get("/a")) as loop:
        loop.expect("0")
        commit(backend, a="1")
        sink.expect(("1/a", "1"))
        loop.expect("1")
        network.reject_connections(True)
        network.cut()
        for number in range(2, 20):
            commit(backend, a=str(number))
        compact(backend)
        network.reject_connections(False)
        wait_until(lambda: sink.gaps == [now(backend)])
        assert sink.causes == [GapCause.COMPACTED]
        loop.expect("19")
        commit(backend, a="20")
        sink.expect(("1/a", "1"), ("1/a", "20"))
        loop.expect("20")


@NEWER_ONLY
def test_internal_error_does_not_end_watches(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One thread receives for all watches and is not restarted."""
    open_call = GrpcChannel.watch
    tries: list[Channel] = []

    def watch(
        channel: GrpcChannel, from_revision: int, metadata: Metadata, **options: bool
    ) -> WatchCall:
        tries.append(channel)
        if len(tries) == 1:
            raise LookupError("internal fault")
        return open_call(channel, from_revision, metadata, **options)

    monkeypatch.setattr(GrpcChannel, "watch", watch)
    sink = watch_from_now(backend)
    commit(backend, a="1")
    sink.expect(("1/a", "1"))
    assert len(tries) == 2
    assert "internal fault" in caplog.text


def test_close_does_not_wait_for_a_stream_that_never_ends(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    endless = EndlessCall(monkeypatch)
    monkeypatch.setattr(StoreWatch, "_receive", lambda *_: str(endless()))
    watch_from_now(backend)
    endless.check_close(backend.close, caplog)


@NEWER_FIRST
def test_emptied_database_is_reloaded(
    server: EtcdOf, network: Proxy, proxied: Backend, start: Start, connect: ConnectTo
) -> None:
    """It delivers nothing until it reaches the revision of the previous database."""
    for number in range(20):
        commit(proxied, a=str(number))
    sink = watch_from_now(proxied, Span("1/a"))
    with looping(proxied, lambda txn: txn.get("/a")) as loop:
        loop.expect("19")
        empty = start()
        network.target = (empty.host, empty.port)
        server.kill()
        network.cut()
        loop.expect(None)
        wait_until(lambda: sink.gaps)
        assert sink.causes == [GapCause.RESTORED]
        other = connect(empty.endpoint)
        commit(other, a="new")
        loop.expect("new")
        wait_until(lambda: [change.entry for change in sink.changes])
        commit(other, a="newer")
        loop.expect("newer")
        assert loop.is_idle()


@NEWER_ONLY
def test_lagging_member_is_not_a_restored_database(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its create response has an older revision; a linearizable read waits for the newest."""
    # Without this, a stream without responses on a busy machine would cause another read.
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 60.0)
    call_on = EtcdClient.call_on
    reads: list[str] = []

    def on_response(stream: WatchStream, response: Any) -> None:
        if response.created:
            response.header.revision = 1

    def read(etcd: EtcdClient, channel: Channel, service: str, method: str, *rest: Any) -> Any:
        answer = call_on(etcd, channel, service, method, *rest)
        reads.append(method)
        return answer

    intercept_responses(monkeypatch, on_response)
    monkeypatch.setattr(EtcdClient, "call_on", read)
    commit(backend, a="0")
    sink = watch_from_now(backend)
    wait_until(lambda: reads)
    commit(backend, a="1")
    sink.expect(("1/a", "1"))
    assert not sink.gaps
    assert reads == ["Range"]
    assert not backend.counts.read()["watches_resumed"]
