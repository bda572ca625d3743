"""Connected, suspended, lost: what each means, and that a listener is told in order (spec 2.4)."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta, timezone

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.connection import Connection, ConnectionState
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span
from tests.connection.conftest import ConnectTo, Through
from tests.connection.states import States, state_of
from tests.in_time import in_time, on_time
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.waiting import LATE, wait_until

pytestmark = NEWER_ONLY

STATE = "ska_sdp_config.store.connection"
LEASE_TTL = "ska_sdp_config.engine.backend.LEASE_TTL"


def fails(backend: Backend) -> None:
    """Make a call that is not answered, and is soon given up."""
    usual, backend.store.timeout = backend.store.timeout, 0.3
    with pytest.raises(ConfigConnectionError):
        backend.get("/a")
    backend.store.timeout = usual


def test_suspended_until_the_first_answer(server: EtcdOf, connect: ConnectTo) -> None:
    backend = connect(server.endpoint)
    states = States(backend)
    assert state_of(backend) == "suspended"
    backend.get("/a")
    assert state_of(backend) == "connected"
    states.become("connected")


def test_call_that_fails_suspends_and_one_that_is_answered_connects(
    server: EtcdOf, connect: ConnectTo
) -> None:
    backend = connect(server.endpoint)
    states = States(backend)
    backend.get("/a")
    for _ in range(2):
        server.pause()
        fails(backend)
        assert state_of(backend) == "suspended"
        server.resume()
        backend.get("/a")
        assert state_of(backend) == "connected"
    states.become("connected", "suspended", "connected", "suspended", "connected")
    assert states.threads == {"config-connection"}


def test_refusal_is_an_answer(server: EtcdOf, connect: ConnectTo) -> None:
    backend = connect(server.endpoint)
    with pytest.raises(ConfigConnectionError, match="future revision"):
        backend.store.read([Query(Span("1/a"))], revision=10**6, timeout=5)
    assert state_of(backend) == "connected"


def test_call_that_waits_suspends_after_a_while(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it may wait itself. And whoever looks finds the same, untold."""
    monkeypatch.setattr(f"{STATE}.SILENCE", 0.6)
    backend = connect(server.endpoint, timeout=30)
    backend.get("/a")
    server.pause()
    waiting = threading.Thread(target=backend.get, args=("/a",))
    try:
        with in_time(0.6 + LATE, 0.6):
            waiting.start()
            wait_until(lambda: state_of(backend) == "suspended")
        assert waiting.is_alive()
    finally:
        server.resume()
    waiting.join()
    assert state_of(backend) == "connected"


def test_lost_when_suspended_for_longer_than_the_lease_lives(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LEASE_TTL, 1)
    backend = connect(server.endpoint)
    states = States(backend)
    backend.get("/a")
    server.pause()
    fails(backend)
    states.become("connected", "suspended", "lost")
    between = states.times[2] - states.times[1]
    on_time(0.9 < between < 1 + LATE, f"it was lost {between:.2f} s after it was suspended")
    server.resume()
    backend.get("/a")
    states.become("connected", "suspended", "lost", "connected")


def test_lost_when_the_client_lease_expires(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the database answers. The lease of something else is no such matter."""
    monkeypatch.setattr("ska_sdp_config.engine.lease.LONGEST_PAUSE", 0.2)
    backend, other = connect(server.endpoint), connect(server.endpoint)
    states = States(backend)
    lease = backend.lease(ttl=60)
    other.store.revoke_lease(lease.id, timeout=5)
    wait_until(lambda: not lease.alive())
    states.become("connected")
    lease = backend.client_lease.current()
    other.store.revoke_lease(lease.id, timeout=5)
    states.become("connected", "lost")
    assert backend.client_lease.is_lost
    backend.get("/a")
    states.become("connected", "lost", "connected")


def test_never_lost_before_anything_was_tried(program: str) -> None:
    connection = Connection(lease_ttl=0.0)

    def state() -> ConnectionState:
        return connection.state

    assert state() == "suspended"
    connection.failed()
    assert state() == "lost"


def test_fault_of_a_listener_is_its_own(
    server: EtcdOf, connect: ConnectTo, caplog: pytest.LogCaptureFixture
) -> None:
    backend = connect(server.endpoint)

    def err(state: str) -> None:
        raise LookupError("a listener's fault")

    backend.connection.listen(err)
    states = States(backend)
    with caplog.at_level(logging.ERROR):
        backend.get("/a")
        states.become("connected")
    assert "a listener's fault" in caplog.text


def test_config_shows_it(server: EtcdOf, through: Through) -> None:
    network = through(server)

    def state() -> ConnectionState:
        return config.connection_state

    with Config(host=network.endpoint) as unused:
        assert unused.last_answer is None
    with Config(host=network.endpoint, timeout=2, component_name="x") as config:
        told: list[ConnectionState] = []
        config.on_connection_state(told.append)
        for txn in config.txn():
            txn.list_processing_blocks()
        assert state() == "connected"
        last = config.last_answer
        assert last is not None
        assert last <= datetime.now(timezone.utc) < last + timedelta(seconds=30)
        network.refuse(True)
        network.cut()
        with pytest.raises(ConfigConnectionError):
            config.is_alive()
        assert state() == "suspended"
        answered = config.last_answer
        assert answered is not None
        assert answered >= last
        with pytest.raises(ConfigConnectionError):
            config.is_alive()
        assert config.last_answer == answered
        wait_until(lambda: told == ["suspended"])
        network.refuse(False)


def test_close_does_not_wait_for_ever_for_a_listener(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wait for a lock that whoever closes holds."""
    monkeypatch.setattr(f"{STATE}.CLOSE_TIMEOUT_S", 0.3)
    connection = Connection(lease_ttl=10.0)
    is_told, let_go = threading.Event(), threading.Event()

    def listener(state: str) -> None:
        is_told.set()
        let_go.wait()

    connection.listen(listener)
    connection.answered()
    assert is_told.wait(10)
    closing = threading.Thread(target=connection.close)
    closing.start()
    closing.join(20)
    is_closed = not closing.is_alive()
    let_go.set()
    closing.join()
    assert is_closed


def test_listener_that_comes_after_the_end_is_not_told(program: str) -> None:
    connection = Connection(lease_ttl=10.0)
    connection.close()
    before = set(threading.enumerate())
    told: list[str] = []
    connection.listen(told.append)
    assert set(threading.enumerate()) <= before
    connection.answered()
    assert not told
