"""Channels that are closed while another thread is about to use them."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest
from pyetcd import etcdrpc

from ska_sdp_config.drivers.etcd.channel import Channel, ChannelClosed
from ska_sdp_config.drivers.etcd.client import EtcdClient
from ska_sdp_config.drivers.etcd.grpc.channel import GrpcChannel, grpc_channels
from ska_sdp_config.drivers.etcd.settings import Settings
from ska_sdp_config.drivers.etcd.stream import Stream
from ska_sdp_config.drivers.etcd.watchdog import Watchdog
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.connection import Connection
from tests.services.versions import NEWER_ONLY
from tests.support.proxy import Proxy
from tests.support.stores import commit, now, watch_from_now
from tests.support.waiting import wait_until
from tests.support.watch_streams import WATCHDOG


def is_closed(channel: Channel) -> bool:
    try:
        channel.call("Maintenance", "Status", etcdrpc.StatusRequest(), 5, ())
    except ChannelClosed:
        return True
    except grpc.RpcError:
        return False
    return False


@pytest.mark.parametrize("closed_by", ["retire", "release", "close"])
def test_closed_channel_rejects_calls(monkeypatch: pytest.MonkeyPatch, closed_by: str) -> None:
    """Creating a stub on a closed channel crashes the process."""
    stubs: list[object] = []
    monkeypatch.setattr(etcdrpc, "KVStub", stubs.append)
    channel = GrpcChannel(Settings.load(), "127.0.0.1:1")
    channel.borrow()
    with channel:
        if closed_by == "close":
            channel.close()
        elif closed_by == "release":
            channel.retire()
    channel.retire()
    with pytest.raises(ChannelClosed):
        channel.call("KV", "Range", etcdrpc.RangeRequest(key=b"a"), 5, ())
    assert not stubs


def test_watchdog_that_cannot_start_releases_its_channel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    settings = Settings.load("127.0.0.1:1")
    etcd = EtcdClient(settings, Connection(10), grpc_channels(settings))
    channel = GrpcChannel(settings, "127.0.0.1:1")
    stream = Stream(channel.watch(1, ()), 1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with (
            pytest.raises(RuntimeError, match="start new thread"),
            Watchdog(etcd, channel, stream, list),
        ):
            pass
    stream.close()
    channel.retire()
    assert is_closed(channel)
    etcd.close()


@NEWER_ONLY
def test_watchdog_keeps_its_channel_open(
    network: Proxy, proxied: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe may begin after the watch has switched to another channel."""
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 0.1)
    probed: list[tuple[EtcdClient, Channel]] = []
    answers: list[object] = []
    may_read = threading.Event()
    call_on = EtcdClient.call_on

    def call_late(
        etcd: EtcdClient, channel: Channel, service: str, method: str, request: Any, timeout: float
    ) -> Any:
        is_first = not probed
        probed.append((etcd, channel))
        if not is_first:
            return call_on(etcd, channel, service, method, request, timeout)
        may_read.wait(60)
        try:
            answer = call_on(etcd, channel, service, method, request, 5)
        except Exception as exc:
            answers.append(exc)
            raise
        answers.append(answer.header.revision)
        return answer

    monkeypatch.setattr(EtcdClient, "call_on", call_late)
    commit(proxied, a="0")
    sink = watch_from_now(proxied)
    wait_until(lambda: probed)
    etcd, channel = probed[0]
    etcd.replace(channel)
    network.cut()
    commit(proxied, a="1")
    sink.expect(("1/a", "1"))
    assert not is_closed(channel)
    may_read.set()
    wait_until(lambda: answers)
    assert answers == [now(proxied)]
    wait_until(lambda: is_closed(channel))


@NEWER_ONLY
def test_internal_error_of_a_watchdog_replaces_the_stream(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a watchdog, a stream that dies later would never be detected.

    The connection is not suspended: the error says nothing about it. The channel may cause it.
    """
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 0.1)
    newest_revision = EtcdClient.newest_revision
    channels: list[Channel] = []

    def fail_on_first_channel(etcd: EtcdClient, channel: Channel, timeout: float) -> int:
        channels.append(channel)
        if channel is channels[0]:
            raise LookupError("internal fault")
        return newest_revision(etcd, channel, timeout)

    monkeypatch.setattr(EtcdClient, "newest_revision", fail_on_first_channel)
    sink = watch_from_now(backend)
    wait_until(
        lambda: channels and channels[-1] is not channels[0], what="another channel is checked"
    )
    commit(backend, a="1")
    sink.expect(("1/a", "1"))
    assert "internal fault" in caplog.text
    assert backend.counts.read()["reconnects"] == 0
