"""Processes of clients: their end, their logs and their kills."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

import pytest

from tests.faults import running
from tests.faults.clients.program import Stop
from tests.faults.history import of_kind, read_file
from tests.faults.population import Clients
from tests.faults.running import ClientProcess, history_of
from tests.faults.stack import Stack
from tests.support.processes import process_state
from tests.support.waiting import wait_until

NOWHERE = {"TANGO_HOST": "127.0.0.1:1"}
DEVICE = "--device=test/sdp/01"


def has_begun(directory: Path, name: str) -> bool:
    history = history_of(directory, name)
    return history.exists() and bool(history.read_text())


def test_client_that_does_not_end_is_ended_and_its_threads_are_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "END_WITHIN_S", 1.0)
    client = ClientProcess("commands", "commands-1", tmp_path, NOWHERE, DEVICE)
    wait_until(lambda: has_begun(tmp_path, "commands-1"), what="it has begun")
    client.send(signal.SIGSTOP)
    assert client.end() == -signal.SIGABRT
    log = (tmp_path / "commands-1.log").read_text()
    assert "commands-1 has not ended within 1 s:" in log
    assert "State:\tT (stopped)" in log
    assert "SigPnd:" in log
    # By Python.
    assert "Fatal Python error: Aborted" in log


def test_output_of_a_client_is_in_its_log(tmp_path: Path) -> None:
    client = ClientProcess("commands", "commands-1", tmp_path, NOWHERE, "--help")
    client.wait(60)
    assert "usage:" in (tmp_path / "commands-1.log").read_text()


def test_client_that_had_ended_cannot_be_killed(tmp_path: Path) -> None:
    with Clients(tmp_path, NOWHERE) as clients:
        name = clients.start("commands", DEVICE)
        wait_until(lambda: has_begun(tmp_path, name), what="it has begun")
        pid = clients.processes[name]
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: process_state(pid) == "Z", what="it has ended")
        with pytest.raises(AssertionError, match=f"{name} had ended with exit code 0"):
            clients.kill(name)
    started = of_kind(read_file(history_of(tmp_path, "clients")), "started")
    assert [each.details["name"] for each in started] == [name]


@pytest.mark.usefixtures("restored_signals")
def test_signal_ends_the_steps_and_a_wait() -> None:
    stop = Stop(0.001, 0, random.Random(1))
    assert not stop.wait(0)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    assert stop.wait(60)
    timer.join()
    # Further requests are no error.
    signal.raise_signal(signal.SIGTERM)
    assert list(stop.steps()) == []
    assert stop.wait(60)


@pytest.mark.long
def test_client_whose_subscriber_has_ended_fails(stack: Stack, tmp_path: Path) -> None:
    device = f"--device={stack.trls['01'][0]}"
    with Clients(tmp_path, stack.environment) as clients:
        name = clients.start("subscriber", device)
        history = history_of(tmp_path, name)
        wait_until(
            lambda: history.exists() and of_kind(read_file(history), "subscribed"),
            60,
            "it has subscribed",
        )
        pid = clients.processes[name]
        kill_children(pid)
        wait_until(lambda: process_state(pid) == "Z", what="it has ended")
        assert clients.end() == {name: 1}
    assert "has ended by itself" in (tmp_path / f"{name}.log").read_text()


def kill_children(pid: int) -> None:
    """Kill the processes that a process has started."""
    children = {
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    }
    for child in children:
        os.kill(child, signal.SIGKILL)
