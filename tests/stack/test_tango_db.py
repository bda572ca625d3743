"""The Tango database of the stack and of the tests: starts, breaks, comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tango

from ska_sdp_lmc.stack.tango_db import TangoDatabase


@pytest.mark.long
def test_survives_a_kill_with_port_and_data(
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


@pytest.mark.long
def test_two_stand_beside_each_other(
    tango_db: TangoDatabase, tango_database: Callable[[], TangoDatabase]
) -> None:
    other = tango_database()
    assert other.tango_host != tango_db.tango_host
    other.connect().put_property("only here", {"name": ["value"]})
    assert not list(tango_db.connect().get_property("only here", "name")["name"])


@pytest.mark.long
def test_a_taken_port_of_its_own_choice_is_exchanged(
    tango_database: Callable[[], TangoDatabase],
    tango_db: TangoDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ska_sdp_lmc.stack import ports

    choices = iter([tango_db.port, ports.free_port()])
    monkeypatch.setattr("ska_sdp_lmc.stack.part.free_port", lambda _host: next(choices))
    assert tango_database().port != tango_db.port
