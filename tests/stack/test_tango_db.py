"""Tango database of the stack: start, faults and restart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tango

from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.tango_db import TangoDatabase

pytestmark = pytest.mark.long


def test_restart_after_a_kill_keeps_port_and_data(
    tango_database: Callable[[], TangoDatabase],
) -> None:
    server = tango_database()
    port = server.port
    server.connect().put_property("object", {"name": ["value"]})
    server.kill()
    with pytest.raises(tango.DevFailed):
        server.connect()
    server.restart()
    assert server.port == port
    assert list(server.connect().get_property("object", "name")["name"]) == ["value"]


def test_two_databases_run_at_the_same_time(
    tango_db: TangoDatabase, tango_database: Callable[[], TangoDatabase]
) -> None:
    other = tango_database()
    assert other.tango_host != tango_db.tango_host
    other.connect().put_property("only here", {"name": ["value"]})
    assert not list(tango_db.connect().get_property("only here", "name")["name"])


def test_chosen_port_in_use_is_replaced(
    tango_database: Callable[[], TangoDatabase],
    tango_db: TangoDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choices = iter([tango_db.port, free_port()])
    monkeypatch.setattr("ska_sdp_sim.stack.part.free_port", lambda _host: next(choices))
    assert tango_database().port != tango_db.port
