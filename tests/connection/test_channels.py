"""Channels that are closed while somebody is about to use them."""

from __future__ import annotations

import threading

import pytest
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.grpc.channel import Channel
from ska_sdp_config.drivers.etcd.grpc.connection import Etcd
from ska_sdp_config.drivers.etcd.grpc.stream import EtcdWatch
from ska_sdp_config.drivers.etcd.grpc.stream_watchdog import StreamWatchdog
from ska_sdp_config.store.keys import EVERYTHING
from tests.backend.test_store_watch import Heard, commit, now
from tests.connection.conftest import ConnectTo, Through
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.waiting import wait_until

pytestmark = NEWER_ONLY


@pytest.mark.parametrize("closed_by", ["who retires it", "who gives it back", "who closes it"])
def test_closed_link_makes_no_calls(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch, closed_by: str
) -> None:
    """A stub of a closed channel would crash the process."""
    made: list[object] = []
    etcd: Etcd = connect(server.endpoint).store._etcd  # type: ignore[attr-defined]  # of this store
    with etcd.channel() as channel:
        if closed_by == "who closes it":
            channel.close()
        elif closed_by == "who gives it back":
            channel.retire()
    channel.retire()
    monkeypatch.setattr(etcdrpc, "KVStub", made.append)
    with pytest.raises(ValueError, match="closed"):
        channel.method("KV", "Range")
    assert not made


def test_pulse_keeps_its_link_open(
    server: EtcdOf, through: Through, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be about to read when the watch has gone on to another one."""
    monkeypatch.setattr("ska_sdp_config.drivers.etcd.grpc.stream_watchdog.ASK_AFTER", 0.1)
    monkeypatch.setattr("ska_sdp_config.drivers.etcd.grpc.stream_watchdog.DOUBT_AFTER", 0.1)
    network = through(server)
    backend = connect(network.endpoint)
    etcd: Etcd = backend.store._etcd  # type: ignore[attr-defined]  # of this store
    doubts, may_read = threading.Event(), threading.Event()
    reads: list[object] = []
    held_up = StreamWatchdog._held_up

    def read_late(watchdog: StreamWatchdog, timeout: float) -> list[EtcdWatch]:
        is_first = not doubts.is_set()
        doubts.set()
        if not is_first:
            return held_up(watchdog, timeout)
        may_read.wait(60)
        try:
            reads.append(held_up(watchdog, 5))
        except Exception as exc:
            reads.append(exc)
        return []

    monkeypatch.setattr(StreamWatchdog, "_held_up", read_late)
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
