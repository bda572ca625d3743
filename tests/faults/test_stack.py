"""The stack under faults: its parts end, are suspended and start again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import tango

from tests.e2e.subarray import answers
from tests.faults.conftest import SUBARRAYS
from tests.faults.stack import SEVERAL, SINGLE, TWICE, Stack, server_names
from tests.support.processes import process_state
from tests.support.waiting import wait_until

PARTS = ["Tango database", "simulator", "SDPController/0", SEVERAL, SINGLE, TWICE, "second"]


@pytest.mark.parametrize(
    ("subarrays", "servers"),
    [
        (1, [TWICE]),
        (2, [SINGLE, TWICE]),
        (3, [SEVERAL, SINGLE, TWICE]),
        (5, [SEVERAL] * 3 + [SINGLE, TWICE]),
    ],
)
def test_last_subarrays_have_servers_of_their_own(subarrays: int, servers: list[str]) -> None:
    assert server_names(subarrays) == servers


def test_part_that_becomes_ready_after_the_last_check_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack(tmp_path, [])
    found = iter([["second"]])
    monkeypatch.setattr(stack, "unready", lambda: next(found, []))
    with pytest.raises(AssertionError, match=r"not ready within -1 s: \['second'\]; no process"):
        stack.wait_ready(-1)


@pytest.mark.long
def test_all_parts_and_subarrays_respond(stack: Stack) -> None:
    assert set(stack.parts) == set(PARTS)
    assert list(stack.trls) == [f"{number + 1:02}" for number in range(SUBARRAYS)]
    assert [len(trls) for trls in stack.trls.values()] == [1, 1, 1, 2]
    assert all(answers(trl) for trls in stack.trls.values() for trl in trls)


@pytest.mark.long
@pytest.mark.parametrize("name", PARTS)
def test_killed_part_stays_ended_until_it_is_started(stack: Stack, name: str) -> None:
    endings = stack.endings
    killed = stack.parts[name].process
    stack.kill(name)
    assert killed.returncode == -signal.SIGKILL
    assert not stack.parts[name].running
    stack.start(name)
    stack.wait_ready()
    assert stack.parts[name].process.pid != killed.pid
    assert stack.endings == endings


@pytest.mark.long
@pytest.mark.parametrize("name", PARTS)
def test_suspended_part_continues(stack: Stack, name: str) -> None:
    process = stack.parts[name].process
    stack.pause(name)
    try:
        assert process_state(process.pid) == "T"
    finally:
        stack.resume(name)
    stack.wait_ready()
    assert stack.parts[name].process is process


@pytest.mark.long
def test_part_that_ends_by_itself_is_started_again(stack: Stack) -> None:
    before, ended = stack.endings, stack.parts["second"].process
    os.kill(ended.pid, signal.SIGKILL)
    wait_until(lambda: stack.parts["second"].process is not ended, what="it is started again")
    stack.wait_ready()
    (ending,) = stack.endings[len(before) :]
    assert ending.startswith("second ended with exit code -9")


@pytest.mark.long
def test_both_servers_of_the_last_subarray_show_its_commands(stack: Stack) -> None:
    first, second = map(tango.DeviceProxy, stack.trls["04"])
    assert second.dev_name() == first.dev_name()
    # Another test may have left it on.
    if first.state() == tango.DevState.ON:
        first.Off()
    first.On()
    wait_until(lambda: second.state() == tango.DevState.ON, what="the second server shows it")
    second.Off()
    wait_until(lambda: first.state() == tango.DevState.OFF, what="the first server shows it")


@pytest.mark.long
def test_unready_parts_are_named(stack: Stack) -> None:
    stack.kill("second")
    try:
        with pytest.raises(AssertionError, match=r"not ready within 0 s: \['second'\]"):
            stack.wait_ready(0)
    finally:
        stack.start("second")
        stack.wait_ready()
