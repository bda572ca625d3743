"""Connection states and the order in which listeners are notified."""

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
from tests.connection.conftest import ConnectTo
from tests.services.versions import NEWER_ONLY, EtcdOf
from tests.support.endless import EndlessCall
from tests.support.in_time import in_time, on_time
from tests.support.proxy import Proxy
from tests.support.states import States, state_of
from tests.support.waiting import LATE, wait_until

pytestmark = NEWER_ONLY

STATE = "ska_sdp_config.store.connection"
LEASE_TTL = "ska_sdp_config.engine.backend.LEASE_TTL"


def fails(backend: Backend) -> None:
    """Make a call that times out soon."""
    usual, backend.store.timeout = backend.store.timeout, 0.3
    with pytest.raises(ConfigConnectionError):
        backend.get("/a")
    backend.store.timeout = usual


def test_state_follows_results_of_calls(server: EtcdOf, backend: Backend) -> None:
    states = States(backend)
    assert state_of(backend) == "suspended"
    backend.get("/a")
    assert state_of(backend) == "connected"
    for _ in range(2):
        server.pause()
        fails(backend)
        assert state_of(backend) == "suspended"
        server.resume()
        backend.get("/a")
        assert state_of(backend) == "connected"
    states.become("connected", "suspended", "connected", "suspended", "connected")
    assert states.threads == {"config-connection"}


def test_rejection_counts_as_response(backend: Backend) -> None:
    with pytest.raises(ConfigConnectionError, match=r"future revision.*older copy"):
        backend.store.read([Query(Span("1/a"))], revision=10**6, timeout=20)
    assert state_of(backend) == "connected"


def test_unanswered_call_suspends(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Independently of the timeout of the call, and also without a listener."""
    monkeypatch.setattr(f"{STATE}.SUSPENDED_AFTER_S", 0.6)
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


def test_state_is_lost_after_suspension_for_lease_ttl(
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


def test_state_is_lost_when_client_lease_expires(
    server: EtcdOf, connect: ConnectTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database answers nevertheless. Other leases have no effect."""
    monkeypatch.setattr("ska_sdp_config.engine.lease.MAX_REFRESH_INTERVAL_S", 0.2)
    backend, other = connect(server.endpoint), connect(server.endpoint)
    states = States(backend)
    lease = backend.lease(ttl=60)
    other.store.revoke_lease(lease.id, timeout=20)
    wait_until(lambda: not lease.alive())
    states.become("connected")
    lease = backend.client_lease.current()
    other.store.revoke_lease(lease.id, timeout=20)
    states.become("connected", "lost")
    assert backend.client_lease.is_lost
    backend.get("/a")
    states.become("connected", "lost", "connected")


def test_state_is_not_lost_before_first_call(program: str) -> None:
    connection = Connection(lease_ttl=0.0)

    def state() -> ConnectionState:
        return connection.state

    assert state() == "suspended"
    connection.failed()
    assert state() == "lost"


def test_error_of_listener_does_not_affect_others(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:

    def err(state: str) -> None:
        raise LookupError("fault of a listener")

    backend.connection.listen(err)
    states = States(backend)
    with caplog.at_level(logging.ERROR):
        backend.get("/a")
        states.become("connected")
    assert "fault of a listener" in caplog.text


def test_config_exposes_connection_state(network: Proxy) -> None:

    def state() -> ConnectionState:
        return config.connection_state

    with Config(host=network.endpoint) as unused:
        assert unused.last_answer is None
    with Config(host=network.endpoint, timeout=2, component_name="x") as config:
        received: list[ConnectionState] = []
        config.on_connection_state(received.append)
        for txn in config.txn():
            txn.list_processing_blocks()
        assert state() == "connected"
        last = config.last_answer
        assert last is not None
        assert last <= datetime.now(timezone.utc) < last + timedelta(seconds=30)
        network.reject_connections(True)
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
        wait_until(lambda: received == ["suspended"])
        network.reject_connections(False)


def test_close_does_not_block_on_listener(
    program: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The listener may wait for a lock that the closing thread holds."""
    endless = EndlessCall(monkeypatch)
    connection = Connection(lease_ttl=10.0)

    def listener(state: str) -> None:
        endless()

    connection.listen(listener)
    connection.answered()
    endless.check_close(connection.close, caplog)


def test_listener_added_after_close_is_not_notified(program: str) -> None:
    connection = Connection(lease_ttl=10.0)
    connection.close()
    before = set(threading.enumerate())
    received: list[str] = []
    connection.listen(received.append)
    assert set(threading.enumerate()) <= before
    connection.answered()
    assert not received
