"""Connections that are there and say nothing: every call ends, and it is noticed in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.backend.backend import Backend
from ska_sdp_config.backend.etcd3.stream import Stream
from ska_sdp_config.backend.keys import EVERYTHING, Span
from ska_sdp_config.backend.store import AnswerLost
from tests.backend.test_store_watch import Heard, commit, now
from tests.backend.test_watchers import looping
from tests.connection.conftest import ConnectTo, Through
from tests.connection.proxy import Proxy
from tests.connection.states import States
from tests.connection.users import PASSWORD, USER, administrator
from tests.in_time import in_time, on_time
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.waiting import LATE, wait_until

# That a line is silent has nothing to do with the server's version.
pytestmark = NEWER_ONLY

NOTICED = 5.3
"""Seconds of silence after which it must be known, and a little more to tell of it."""

PULSE = "ska_sdp_config.backend.etcd3.pulse"


def noticed_in_time(states: States, began: float) -> None:
    took = states.times[-1] - began
    on_time(took < NOTICED, f"it was noticed after {took:.2f} s")


@pytest.fixture
def network(server: EtcdOf, through: Through) -> Proxy:
    """What stands between client and server."""
    return through(server)


@pytest.mark.long
def test_silence_is_noticed_by_the_watch(network: Proxy, connect: ConnectTo) -> None:
    backend = connect(network.endpoint)
    states = States(backend)
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.saw(None)
        network.silence()
        began = time.monotonic()
        states.become("connected", "suspended")
        noticed_in_time(states, began)
        network.release()
        backend.create("/a", "1")
        loop.saw("1")
        states.become("connected", "suspended", "connected")


@pytest.mark.long
def test_silence_is_noticed_by_the_lease(network: Proxy, connect: ConnectTo) -> None:
    """Nothing is watched, and nobody asks for anything."""
    backend = connect(network.endpoint)
    states = States(backend)
    backend.create("/a", "1")
    network.silence()
    began = time.monotonic()
    states.become("connected", "suspended")
    noticed_in_time(states, began)
    network.release()
    states.become("connected", "suspended", "connected")


def test_dead_connection_is_replaced(network: Proxy, server: EtcdOf, connect: ConnectTo) -> None:
    """As one that a firewall has forgotten. A call is answered in time, by another one."""
    backend, other = connect(network.endpoint, timeout=4), connect(server.endpoint)
    backend.create("/a", "0")
    with looping(backend, lambda txn: txn.get("/a")) as loop:
        loop.saw("0")
        network.hold(up=True, down=True)
        assert backend.get("/a")[0] == "0"
        other.update("/a", "1")
        # The watch leaves it with the call, before it has been silent for too long itself.
        loop.saw("1")
        network.release()
        wait_until(lambda: network.connections == 1)


@pytest.mark.parametrize("secured", [False, True], ids=["open", "login"])
def test_every_call_has_a_bound(
    network: Proxy, server: EtcdOf, connect: ConnectTo, secured: bool
) -> None:
    """From the first one on: nothing has ever been heard of the server."""
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
        threads = [threading.Thread(target=measure, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(took) == len(calls)
    on_time(max(took) < 0.5 + LATE, f"it took {max(took):.2f} s")


def test_watch_that_was_never_opened_opens_when_it_can(
    network: Proxy, server: EtcdOf, connect: ConnectTo
) -> None:
    other = connect(server.endpoint)
    first = commit(other, a="1")
    network.silence()
    backend = connect(network.endpoint, timeout=0.5)
    heard = Heard()
    backend.store.watch(EVERYTHING, first, heard)
    wait_until(lambda: network.connections)
    network.release()
    heard.heard(("1/a", "1"))


def test_server_that_tells_no_progress_is_not_silent(
    network: Proxy, server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing reply means nothing while a read is answered and shows nothing new."""
    asked = []
    monkeypatch.setattr(Stream, "ask", lambda stream: asked.append(stream))
    monkeypatch.setattr(f"{PULSE}.ASK_AFTER", 0.05)
    monkeypatch.setattr(f"{PULSE}.DOUBT_AFTER", 0.1)
    backend, other = connect(network.endpoint), connect(server.endpoint)
    states = States(backend)
    heard = Heard()
    backend.store.watch(Span("1/a"), now(backend) + 1, heard)
    wait_until(lambda: len(asked) >= 3)
    # Nor does it if what is new is none of its business.
    commit(other, b="1")
    wait_until(lambda: len(asked) >= 6)
    assert len(set(asked)) == 1
    commit(other, a="1")
    heard.heard(("1/a", "1"))
    assert states.told == ["connected"]


def test_close_while_silence_is_being_found_out(
    network: Proxy, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, while and after its channel is tried; no thread ends with an error."""
    monkeypatch.setattr(f"{PULSE}.DOUBT_AFTER", 0.05)
    pause = threading.Event()
    for number in range(10):
        backend = connect(network.endpoint)
        backend.store.watch(EVERYTHING, now(backend) + 1, Heard())
        network.silence()
        pause.wait(0.02 * number)
        with in_time(LATE):
            backend.close()
        network.release()


@pytest.mark.long
@pytest.mark.parametrize("times", [1, 2])
def test_watch_that_holds_changes_back_is_replaced(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Another stream takes up where it stood; where that does not help, a gap is told."""
    broken: list[Stream] = []
    tell = Stream._changed

    def changed(stream: Stream, response: object) -> None:
        if stream not in broken and len(broken) < times:
            broken.append(stream)
        if stream not in broken:
            tell(stream, response)

    monkeypatch.setattr(Stream, "_changed", changed)
    monkeypatch.setattr(Stream, "ask", lambda stream: None)
    monkeypatch.setattr(f"{PULSE}.ASK_AFTER", 0.1)
    # A busy server takes a while to tell what came before the watch.
    monkeypatch.setattr(f"{PULSE}.DOUBT_AFTER", 1.0)
    backend, other = connect(server.endpoint), connect(server.endpoint)
    heard = Heard()
    backend.store.watch(EVERYTHING, now(backend) + 1, heard)
    revision = commit(other, a="1")
    if times == 1:
        heard.heard(("1/a", "1"))
        assert not heard.gaps
    else:
        wait_until(lambda: heard.gaps == [revision])
        commit(other, a="2")
        heard.heard(("1/a", "2"))
