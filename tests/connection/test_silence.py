"""Connections without responses: every call times out, and the outage is detected in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import AnswerLost, GapCause
from ska_sdp_config.store.keys import EVERYTHING, Span
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.support.in_time import in_time, on_time
from tests.support.proxy import Proxy
from tests.support.states import States
from tests.support.stores import RecordingSink, commit, now, watch_from_now
from tests.support.users import PASSWORD, USER, administrator
from tests.support.waiting import LATE, wait_until
from tests.support.watch_loops import looping
from tests.support.watch_streams import WATCHDOG, WatchStream, intercept_responses

# Detection of silence does not depend on the version of the server.
pytestmark = NEWER_ONLY

DETECTED = 5.3
"""Seconds of silence within which the state must change, and a little for the notification."""


def detected_in_time(states: States, began: float) -> None:
    took = states.times[-1] - began
    on_time(took < DETECTED, f"it was detected after {took:.2f} s")


@pytest.mark.long
def test_watch_detects_silence(network: Proxy, proxied: Backend) -> None:
    states = States(proxied)
    with looping(proxied, lambda txn: txn.get("/a")) as loop:
        loop.expect(None)
        network.silence()
        began = time.monotonic()
        states.become("connected", "suspended")
        detected_in_time(states, began)
        network.release()
        proxied.create("/a", "1")
        loop.expect("1")
        states.become("connected", "suspended", "connected")


@pytest.mark.long
def test_lease_refresh_detects_silence(network: Proxy, proxied: Backend) -> None:
    """There are no watches and no calls."""
    states = States(proxied)
    proxied.create("/a", "1")
    network.silence()
    began = time.monotonic()
    states.become("connected", "suspended")
    detected_in_time(states, began)
    network.release()
    states.become("connected", "suspended", "connected")


def test_dead_connection_is_replaced(network: Proxy, server: EtcdOf, connect: ConnectTo) -> None:
    """As after a firewall dropped its state: another connection answers the call in time."""
    backend, other = connect(network.endpoint, timeout=4), connect(server.endpoint)
    backend.create("/a", "0")
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.expect("0")
        network.hold(up=True, down=True)
        assert backend.get("/a")[0] == "0"
        other.update("/a", "1")
        # The watch switches together with the call, before its own silence is detected.
        loop.expect("1")
        network.release()
        wait_until(lambda: network.connections == 1)


@pytest.mark.parametrize("secured", [False, True], ids=["open", "login"])
def test_every_call_times_out(
    network: Proxy, server: EtcdOf, connect: ConnectTo, secured: bool
) -> None:
    """Even on a connection that has never had a response."""
    calls: list[Callable[[Backend], object]] = [
        lambda backend: backend.get("/a"),
        lambda backend: backend.store.commit([], [], timeout=0.5),
        lambda backend: backend.lease(10),
        lambda backend: backend.store.keep_lease(1, timeout=0.5),
        lambda backend: backend.store.revoke_lease(1, timeout=0.5),
        lambda backend: backend.create("/a", "1"),
        lambda backend: backend.delete("/a", must_exist=False),
    ]
    arguments = {"username": USER, "password": PASSWORD} if secured else {}
    took = []

    def measure(call: Callable[[Backend], object]) -> None:
        backend = connect(network.endpoint, timeout=0.5, **arguments)
        began = time.monotonic()
        with pytest.raises((ConfigConnectionError, AnswerLost)):
            call(backend)
        took.append(time.monotonic() - began)

    with administrator(server.endpoint) if secured else nullcontext():
        network.silence()
        with ThreadPoolExecutor(len(calls)) as threads:
            list(threads.map(measure, calls))
    assert len(took) == len(calls)
    on_time(max(took) < 0.5 + LATE, f"it took {max(took):.2f} s")


def test_watch_opens_once_server_is_reachable(
    network: Proxy, server: EtcdOf, connect: ConnectTo
) -> None:
    other = connect(server.endpoint)
    first = commit(other, a="1")
    network.silence()
    backend = connect(network.endpoint, timeout=0.5)
    sink = RecordingSink()
    backend.store.watch(EVERYTHING, first, sink)
    wait_until(lambda: network.connections)
    network.release()
    sink.expect(("1/a", "1"))


def test_idle_stream_is_kept(
    proxied: Backend, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While reads are answered that show no changes which it has not delivered."""
    opened: list[WatchStream] = []
    intercept_responses(monkeypatch, lambda stream, response: opened.append(stream))
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 0.1)
    monkeypatch.setattr(f"{WATCHDOG}.CHECK_INTERVAL_S", 0.05)
    states = States(proxied)
    sink = watch_from_now(proxied, Span("1/a"))
    wait_until(lambda: opened)

    def stays_confirmed() -> None:
        """Wait until a read has confirmed the stream, several times."""
        for _ in range(3):
            before = proxied.counts.quiet
            assert before is not None
            wait_until(lambda: (proxied.counts.quiet or 0.0) >= 0.05)
            wait_until(lambda: (proxied.counts.quiet or 0.0) < 0.05)

    stays_confirmed()
    # Nor is a change outside its span a reason to end it.
    commit(backend, b="1")
    stays_confirmed()
    commit(backend, a="1")
    sink.expect(("1/a", "1"))
    assert len(set(opened)) == 1
    assert states.received == ["connected"]


def test_close_during_probe(
    network: Proxy, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, during and after the probe; no thread ends with an error."""
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 0.05)
    pause = threading.Event()
    for number in range(10):
        backend = connect(network.endpoint)
        backend.store.watch(EVERYTHING, now(backend) + 1, RecordingSink())
        network.silence()
        pause.wait(0.02 * number)
        with in_time(LATE):
            backend.close()
        network.release()


@pytest.mark.long
@pytest.mark.parametrize("times", [1, 2])
def test_stalled_watch_is_replaced(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Another stream resumes; if that stalls too, a gap is reported."""
    stalled: list[WatchStream] = []

    def on_response(stream: WatchStream, response: Any) -> None:
        if response.events and stream not in stalled and len(stalled) < times:
            stalled.append(stream)
        if stream in stalled:
            response.ClearField("events")

    intercept_responses(monkeypatch, on_response)
    # A busy server delivers what was committed before the watch with a delay.
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 1.0)
    backend, other = connect(server.endpoint), connect(server.endpoint)
    sink = watch_from_now(backend)
    revision = commit(other, a="1")
    if times == 1:
        sink.expect(("1/a", "1"))
        assert not sink.gaps
    else:
        wait_until(lambda: sink.gaps == [revision])
        assert sink.causes == [GapCause.STALLED]
        commit(other, a="2")
        sink.expect(("1/a", "2"))


@pytest.mark.parametrize("is_lossless", [True, False])
def test_slow_connection_delivers_large_responses(
    proxied: Backend,
    backend: Backend,
    network: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    is_lossless: bool,
) -> None:
    """A response takes longer than the deadlines of the first streams."""
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_AFTER_S", 0.3)
    monkeypatch.setattr(f"{WATCHDOG}.PROBE_DEADLINE_S", 0.6)
    monkeypatch.setattr(f"{WATCHDOG}.LAG_TIMEOUT_S", 0.2)
    sink = RecordingSink()
    proxied.store.watch(EVERYTHING, now(proxied) + 1, sink, is_lossless=is_lossless)
    commit(backend, a="1")
    sink.expect(("1/a", "1"))
    network.limit(200_000)
    value = "x" * 500_000
    commit(backend, a=value)
    if is_lossless:
        sink.expect(("1/a", "1"), ("1/a", value))
        assert not sink.gaps
    else:
        # It may have a gap, and resumes after it.
        wait_until(lambda: len(sink.changes) == 2 or sink.gaps)
        network.limit(None)
        commit(backend, a="2")
        wait_until(lambda: sink.changes[-1].entry.value == "2")  # type: ignore[union-attr]  # a put
