"""``ska-sdp-lmc up --restart --port-base``: each part is killed and restarted."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import tango
from click.testing import CliRunner

from ska_sdp_config import Config
from ska_sdp_lmc.cli import main
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.port_plan import PortPlan, plan_ports
from tests.e2e.subarray import Subarray, quick
from tests.services.up import TIMEOUT_S, Up, free_port_base
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

SERVERS = ["SDPController/0", "SDPSubarray/01"]

PARTS = {
    "etcd": "etcd-data",
    "Tango database": "PyDatabaseds",
    "simulator": "ska_sdp_sim",
    "SDPController/0": "SDPController",
    "SDPSubarray/01": "SDPSubarray",
    "web page": "ska_sdp_lmc.cli web",
}
"""Name of each part, and a word of its command line."""


@pytest.fixture(scope="module")
def plan() -> PortPlan:
    return plan_ports(free_port_base(len(SERVERS)), SERVERS)


@pytest.fixture(scope="module")
def stack(plan: PortPlan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    place = tmp_path_factory.mktemp("restart")
    up = Up(place, "--restart", "--port-base", str(plan.etcd), "--health")
    try:
        up.wait_ready()
        with Config(host="127.0.0.1", port=plan.etcd) as config:
            define_scripts(config)
        yield up
    finally:
        up.process.terminate()
        up.wait_end()


def trl(plan: PortPlan, device: str) -> str:
    return f"tango://127.0.0.1:{plan.tango_db}/test-sdp/{device}"


def commands_work(plan: PortPlan) -> bool:
    """Return whether the controller and the subarray accept commands through new proxies."""
    try:
        controller = tango.DeviceProxy(trl(plan, "control/0"))
        controller.command_inout("Off")
        controller.command_inout("On")
        subarray = Subarray(trl(plan, "subarray/01"))
        if subarray.proxy.state() != tango.DevState.OFF:
            subarray.command("Off")
        subarray.command("On")
    except tango.DevFailed:
        return False
    return True


def observe(plan: PortPlan) -> None:
    """Assign resources, which needs the simulator, and release them."""
    subarray = Subarray(trl(plan, "subarray/01"))
    subarray.assign(quick())
    subarray.command("ReleaseAllResources")
    subarray.wait_for("EMPTY")


def simulator_is_online(plan: PortPlan) -> bool:
    """Whether the subarray reports all required components as online."""
    return bool(Subarray(trl(plan, "subarray/01")).read("healthState") == 0)


def listening_ports(pid: int) -> set[int]:
    """Return the TCP ports that a process listens on."""
    inodes = {
        found[1]
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if (found := re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink())))
    }
    rows = [
        line.split()
        for file in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{file}").read_text().splitlines()[1:]
    ]
    # Columns: address second, state (0A: listening) fourth, inode tenth.
    return {int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


@pytest.mark.parametrize("part", PARTS)
def test_killed_part_is_restarted_and_commands_work(part: str, stack: Up, plan: PortPlan) -> None:
    killed = stack.child(PARTS[part])
    others = stack.children.keys() - {killed}
    os.kill(killed, signal.SIGKILL)

    restarted = f"Restarted {part}, process "
    wait_until(lambda: restarted in stack.printed, TIMEOUT_S, restarted)
    assert f"{part} ended with exit code -9 (SIGKILL): restarting it in 1 s" in stack.printed
    wait_until(lambda: commands_work(plan), TIMEOUT_S, "commands work again")
    wait_until(lambda: simulator_is_online(plan), TIMEOUT_S, "the simulator is online again")
    observe(plan)
    assert stack.process.poll() is None
    # No other part was affected.
    assert others <= stack.children.keys()


def test_stack_uses_the_planned_ports(stack: Up, plan: PortPlan) -> None:
    # A server opens its event port at the first subscription.
    for device in ("control/0", "subarray/01"):
        proxy = tango.DeviceProxy(trl(plan, device))
        events = tango.utils.EventCallback(fd=io.StringIO())
        subscription = proxy.subscribe_event("State", tango.EventType.CHANGE_EVENT, events)
        proxy.unsubscribe_event(subscription)
    # etcd also opens a peer port, and the Tango database an event port; both are unused.
    assert plan.etcd in listening_ports(stack.child("etcd-data"))
    assert plan.tango_db in listening_ports(stack.child("PyDatabaseds"))
    for server, ports in plan.servers.items():
        own = listening_ports(stack.child(server.partition("/")[0]))
        assert own == {ports.tango, ports.heartbeat, ports.events, ports.health}
    for ports in plan.servers.values():
        with urllib.request.urlopen(f"http://127.0.0.1:{ports.health}/livez", timeout=10) as page:
            assert page.status == 200


def test_second_stack_on_the_same_ports_is_rejected(stack: Up, plan: PortPlan) -> None:
    result = CliRunner().invoke(main, ["up", "--port-base", str(plan.etcd)])
    assert result.exit_code == 1
    assert f"port {plan.etcd}, for etcd, is in use" in result.output


def test_printed_commands_work_in_a_new_shell(stack: Up, tmp_path: Path) -> None:
    _, _, after = stack.printed.partition("In another shell:\n\n")
    pasted = dedent(after.split("\n\n")[0])
    done = subprocess.run(
        ["env", "-i", "bash", "-c", pasted],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{pasted}\n{done.stderr}"
    assert "/component/lmc-controller/owner" in done.stdout
