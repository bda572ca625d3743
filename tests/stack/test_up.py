"""``ska-sdp-lmc up`` as a process: start, several stacks, and cleanup."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tango
from click.testing import CliRunner

from ska_sdp_config import Config
from ska_sdp_lmc.cli import main
from ska_sdp_sim.stack.directory import stack_directory
from ska_sdp_sim.stack.simulator import OWNER_PATHS
from ska_sdp_sim.stack.up import NEXT_STEPS
from tests.services.up import TIMEOUT_S, Up, command_line
from tests.support.waiting import wait_until

Starter = Callable[..., Up]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    stacks: list[Up] = []

    def start_up(*options: str) -> Up:
        stacks.append(Up(tmp_path / str(len(stacks)), *options))
        return stacks[-1]

    yield start_up
    for stack in stacks:
        stack.process.kill()
        stack.process.wait()


def state(way: dict[str, str], device: str) -> tango.DevState:
    return tango.DeviceProxy(f"tango://{way['TANGO_HOST']}/{device}").state()


def owners(way: dict[str, str]) -> list[str | None]:
    host, port = way["SDP_CONFIG_HOST"], int(way["SDP_CONFIG_PORT"])
    with Config(host=host, port=port) as config:
        for txn in config.txn():
            found = [txn.get(path) for path in OWNER_PATHS]
    return found


def all_ended(children: dict[int, str]) -> bool:
    # A process ID can be reused, so compare the command line too.
    return not any(command_line(pid) == words for pid, words in children.items())


@pytest.mark.long
def test_two_stacks_run_at_the_same_time(start: Starter, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    one = start("--subarrays", "2")
    other = start("--no-sim", "--no-web", "--prefix", "other", "--dir", str(kept))
    way, other_way = one.wait_ready(), other.wait_ready()

    assert state(way, "test-sdp/control/0") == tango.DevState.STANDBY
    assert state(way, "test-sdp/subarray/01") == tango.DevState.OFF
    assert state(way, "test-sdp/subarray/02") == tango.DevState.OFF
    assert state(other_way, "other-sdp/subarray/01") == tango.DevState.OFF
    assert all(owners(way))
    assert not any(owners(other_way))
    for word in (
        way["TANGO_HOST"],
        "test-sdp/subarray/02",
        "ska-sdp list",
        "web page",
        "Jive",
        "Taranta",
    ):
        assert word in one.printed

    children, other_children = one.children, other.children
    assert len(children) == 7
    assert len(other_children) == 4
    place = one.directory
    os.kill(one.child("etcd"), signal.SIGKILL)
    assert one.wait_end() == 1
    assert "etcd ended with exit code -9" in one.printed
    assert all_ended(children)
    assert not one.env_file.exists()
    assert not place.exists()

    assert state(other_way, "other-sdp/control/0") == tango.DevState.STANDBY
    other.process.terminate()
    assert other.wait_end() == 0
    assert all_ended(other_children)
    assert not other.env_file.exists()
    assert {path.name for path in kept.glob("*.log")} == {
        *("etcd.log", "tango-db.log", "SDPController-0.log", "SDPSubarray-01.log")
    }


@pytest.mark.long
def test_killed_stack_leaves_no_process_and_can_be_restarted(
    start: Starter, tmp_path: Path
) -> None:
    kept = str(tmp_path / "kept")
    killed = start("--dir", kept)
    way = killed.wait_ready()
    tango.DeviceProxy(f"tango://{way['TANGO_HOST']}/test-sdp/subarray/01").On()
    children = killed.children
    killed.process.kill()
    wait_until(lambda: all_ended(children), what="its processes end with it")

    again = start("--dir", kept)
    assert state(again.wait_ready(), "test-sdp/subarray/01") == tango.DevState.ON
    children = again.children
    again.ctrl_c()
    assert again.wait_end() == 0
    assert all_ended(children)


@pytest.mark.long
def test_demo_runs_on_the_stack(start: Starter) -> None:
    stack = start("--demo", "--subarrays", "2")
    assert stack.wait_end() == 0, stack.printed
    assert "✗" not in stack.printed
    assert stack.printed.count("SCANNING") >= 3
    assert [line for line in stack.printed.splitlines() if len(line) > 80] == []
    assert stack.printed.endswith(NEXT_STEPS + "\n")
    assert not stack.directory.exists()
    assert not stack.env_file.exists()


@pytest.mark.long
def test_demo_can_be_interrupted(start: Starter) -> None:
    stack = start("--demo")
    wait_until(lambda: "▶ AssignResources" in stack.printed, TIMEOUT_S, "it observes")
    children, place = stack.children, stack.directory
    stack.process.terminate()
    assert stack.wait_end() == 128 + signal.SIGTERM
    assert all_ended(children)
    assert not place.exists()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--subarrays", "0"], "there can be 1 to 99 subarrays, not 0"),
        (["--prefix", "a/b"], "prefix 'a/b' is invalid in a device name"),
    ],
)
def test_invalid_option_is_rejected(options: list[str], fault: str) -> None:
    result = CliRunner().invoke(main, ["up", *options])
    assert result.exit_code == 1
    assert fault in result.output


def test_directory_in_use_is_rejected(tmp_path: Path) -> None:
    with stack_directory(tmp_path):
        result = CliRunner().invoke(main, ["up", "--dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"another stack runs in {tmp_path}" in result.output
