"""State of the connection that viewers see: its cause, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.store.errors import LoginRejected
from ska_sdp_web.connection import MAX_DELAY_S, ConnectionWatch

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
LATER = NOON + timedelta(seconds=30)

FAULT = ValueError("a value of\nthe test")
REJECTED = LoginRejected("The database\nrejected the login.")
LATE = 2 * MAX_DELAY_S


@pytest.fixture
def backend() -> Iterator[MemoryBackend]:
    opened = MemoryBackend(Database())
    with opened:
        opened.connection.answered()
        opened.connection.last_answer = NOON.timestamp()
        yield opened


# Whether it is connected, the error, whether the database was read, the delay; then the state.
STATES: list[tuple[bool, Exception | None, bool, float, tuple[str, str | None]]] = [
    (True, None, True, 0.0, ("ok", None)),
    (True, None, True, LATE, ("behind", "The database changes faster than the server of this")),
    (True, None, False, LATE, ("away", "is being read.")),
    (True, FAULT, True, LATE, ("behind", "a value of the test")),
    (True, FAULT, False, 0.0, ("behind", "a value of the test")),
    (True, REJECTED, False, 0.0, ("behind", "The database rejected the login.")),
    (False, None, True, 0.0, ("away", "does not respond.")),
    (False, None, False, LATE, ("away", "does not respond.")),
    (False, FAULT, True, 0.0, ("away", "does not respond.")),
    (False, REJECTED, True, 0.0, ("away", "The database rejected the login.")),
    (False, REJECTED, False, 0.0, ("away", "The database rejected the login.")),
]


@pytest.mark.parametrize(("is_connected", "error", "is_read", "delay", "expected"), STATES)
def test_state_names_the_cause(
    backend: MemoryBackend,
    is_connected: bool,
    error: Exception | None,
    is_read: bool,
    delay: float,
    expected: tuple[str, str | None],
) -> None:
    watch = ConnectionWatch(backend)
    watch.error, watch.delay = error, delay
    if not is_connected:
        backend.connection.failed()
    watch.has_changed(LATER, is_read=is_read)
    name, text = expected
    assert watch.state.name == name
    if text is None:
        assert watch.state.error is None
    else:
        assert text in (watch.state.error or "")


def test_values_are_old_since_the_last_answer(backend: MemoryBackend) -> None:
    watch = ConnectionWatch(backend)
    assert watch.has_changed(NOON - timedelta(hours=1), is_read=True)
    watch.error = FAULT
    begin = NOON - timedelta(minutes=30)
    watch.has_changed(begin, is_read=True)
    assert watch.state.since == begin
    backend.connection.failed()
    watch.has_changed(LATER, is_read=True)
    assert (watch.state.name, watch.state.since) == ("away", NOON)
    # Another cause is the same outage.
    watch.error = REJECTED
    backend.connection.last_answer = LATER.timestamp()
    assert watch.has_changed(LATER, is_read=True)
    assert (watch.state.error, watch.state.since) == ("The database rejected the login.", NOON)
    assert not watch.has_changed(LATER, is_read=True)
