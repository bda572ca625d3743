"""Channels that are closed while another thread is about to use them."""

from __future__ import annotations

import threading

import pytest
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd
from ska_sdp_config.drivers.etcd.grpc.stream import EtcdWatch
from ska_sdp_config.drivers.etcd.grpc.stream_watchdog import StreamWatchdog
from ska_sdp_config.store.keys import EVERYTHING
from tests.connection.conftest import ConnectTo, Through
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.support.backends import Heard, commit, now
from tests.waiting import wait_until

pytestmark = NEWER_ONLY

WATCHDOG = "ska_sdp_config.drivers.etcd.grpc.stream_watchdog"


@pytest.mark.parametrize("closed_by", ["retire", "release", "close"])
def test_closed_channel_rejects_calls(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch, closed_by: str
) -> None:
    """Creating a stub on a closed channel crashes the process."""
    made: list[object] = []
    etcd: Etcd = connect(server.endpoint).store._etcd  # type: ignore[attr-defined]  # of this store
    with etcd.channel() as channel:
        if closed_by == "close":
            channel.close()
        elif closed_by == "release":
            channel.retire()
    channel.retire()
    monkeypatch.setattr(etcdrpc, "KVStub", made.append)
    with pytest.raises(ValueError, match="closed"):
        channel.method("KV", "Range")
    assert not made


def test_watchdog_keeps_its_channel_open(
    server: EtcdOf, through: Through, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe may begin after the watch has switched to another channel."""
    monkeypatch.setattr(f"{WATCHDOG}.REQUEST_PROGRESS_AFTER", 0.1)
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER", 0.1)
    network = through(server)
    backend = connect(network.endpoint)
    etcd: Etcd = backend.store._etcd  # type: ignore[attr-defined]  # of this store
    doubts, may_read = threading.Event(), threading.Event()
    reads: list[object] = []
    find_stalled = StreamWatchdog._find_stalled

    def read_late(watchdog: StreamWatchdog, timeout: float) -> list[EtcdWatch]:
        is_first = not doubts.is_set()
        doubts.set()
        if not is_first:
            return find_stalled(watchdog, timeout)
        may_read.wait(60)
        try:
            reads.append(find_stalled(watchdog, 5))
        except Exception as exc:
            reads.append(exc)
        return []

    monkeypatch.setattr(StreamWatchdog, "_find_stalled", read_late)
    commit(backend, a="0")
    heard = Heard()
    backend.store.watch(EVERYTHING, now(backend) + 1, heard)
    with etcd.channel() as channel:
        assert doubts.wait(30)
    etcd.replace(channel)
    network.cut()
    commit(backend, a="1")
    heard.heard(("1/a", "1"))
    may_read.set()
    wait_until(lambda: reads)
    assert reads == [[]]
    wait_until(lambda: channel not in in_use(etcd))


def in_use(etcd: Etcd) -> list[Channel]:
    return [channel for channel in etcd._channels if channel._users]
