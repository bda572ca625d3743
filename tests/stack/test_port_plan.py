"""Fixed ports of a stack: allocation and errors."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.stack.local import Layout
from ska_sdp_sim.stack.port_plan import (
    MAX_PORT,
    PortError,
    ServerPorts,
    check_free,
    plan_ports,
)
from tests.services.up import free_port_base


def test_ports_match_the_documentation() -> None:
    plan = plan_ports(20000, ["SDPController/0", "SDPSubarray/01", "SDPSubarray/02"])
    assert (plan.etcd, plan.tango_db) == (20000, 20001)
    assert plan.servers == {
        "SDPController/0": ServerPorts(tango=20002, heartbeat=20003, events=20004, health=20005),
        "SDPSubarray/01": ServerPorts(tango=20006, heartbeat=20007, events=20008, health=20009),
        "SDPSubarray/02": ServerPorts(tango=20010, heartbeat=20011, events=20012, health=20013),
    }


def test_web_page_has_the_last_port() -> None:
    assert plan_ports(20000, ["SDPController/0", "SDPSubarray/01"]).web == 20010


def test_controller_has_the_first_server_ports() -> None:
    servers = [device.server for device in Layout(subarrays=12).devices()]
    assert servers == ["SDPController/0", *(f"SDPSubarray/{n:02}" for n in range(1, 13))]


@given(st.integers(-10, MAX_PORT + 10), st.integers(0, 99))
def test_plan_has_consecutive_ports_or_raises(base: int, count: int) -> None:
    servers = [str(n) for n in range(count)]
    needed = 3 + 4 * count
    if base < 1 or base + needed - 1 > MAX_PORT:
        with pytest.raises(PortError, match=f"choose 1 to {MAX_PORT - needed + 1}$"):
            plan_ports(base, servers)
        return
    plan = plan_ports(base, servers)
    used = [port for _, port in plan.ports(health=True, web=True)]
    assert used == list(range(base, base + needed))
    assert plan.web == used[-1]
    without_health = [port for _, port in plan.ports(health=False, web=True)]
    assert without_health == [
        p for p in used if p not in {s.health for s in plan.servers.values()}
    ]


def test_port_in_use_is_reported_with_its_use() -> None:
    plan = plan_ports(free_port_base(1), ["SDPController/0"])
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", plan.tango_db))
        one.listen()
        other.bind(("0.0.0.0", plan.servers["SDPController/0"].health))
        other.listen()
        with pytest.raises(PortError) as error:
            check_free(plan, "127.0.0.1", health=True, web=True)
        assert str(error.value) == (
            f"port {plan.tango_db}, for the Tango database, is in use; "
            f"port {plan.tango_db + 4}, for the health of SDPController/0, is in use: "
            "stop what listens there, or choose another port base"
        )
    check_free(plan, "127.0.0.1", health=True, web=True)
