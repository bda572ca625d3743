"""A process of the stack: its end, its output, and its end with the parent process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ska_sdp_sim.stack.process import ServerProcess, StartError
from tests.support.processes import process_state
from tests.support.waiting import wait_until

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


Python = Callable[[str], ServerProcess]


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Python]:
    started: list[ServerProcess] = []

    def start(code: str) -> ServerProcess:
        command = [sys.executable, "-c", code]
        started.append(ServerProcess("part", command, log=tmp_path / "part.log"))
        return started[-1]

    yield start
    for process in started:
        process.kill()


PATIENCE = 30.0
"""Timeout of the start or the end of an interpreter on a loaded machine, in seconds."""


def is_running(pid: int) -> bool:
    try:
        return process_state(pid) != "Z"
    except FileNotFoundError:
        return False


def test_process_that_ignores_sigterm_is_killed(python: Python) -> None:
    process = python(STUBBORN)
    process.wait_until(lambda: "ready" in process.output(), PATIENCE)
    assert process.stop(timeout=0.1) == -signal.SIGKILL
    assert process.stop() == -signal.SIGKILL


def test_output_excludes_earlier_processes(python: Python) -> None:
    assert python("print('one'); raise SystemExit(3)").wait(PATIENCE) == 3
    second = python("import sys; print('two'); print('three', file=sys.stderr)")
    second.wait(PATIENCE)
    assert sorted(second.output().split()) == ["three", "two"]
    assert second.log is not None
    assert second.log.read_text().startswith("one\n")


def test_start_error_contains_the_last_output(python: Python) -> None:
    process = python("print('what went wrong'); raise SystemExit(7)")
    with pytest.raises(StartError, match=r"part ended with exit code 7; (?s:.*)what went wrong"):
        process.wait_until(lambda: False, PATIENCE)


def test_start_times_out(python: Python) -> None:
    process = python(STUBBORN)
    with pytest.raises(StartError, match=r"part did not respond within 0\.1 s"):
        process.wait_until(lambda: False, timeout=0.1)


def test_wait_can_be_interrupted(python: Python) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        python(STUBBORN).wait_until(lambda: False, PATIENCE, interrupted)


def test_signal_to_an_ended_process_is_ignored(python: Python) -> None:
    process = python("")
    process.wait(PATIENCE)
    process.pause()
    process.resume()
    assert process.kill() == 0


STARTER = """
import pathlib, signal, sys
from ska_sdp_sim.stack.process import ServerProcess
child = ServerProcess("child", [sys.executable, "-c", sys.argv[1]], log=pathlib.Path(sys.argv[2]))
child.wait_until(lambda: "ready" in child.output(), 30)
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's request is Linux's own")
def test_process_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, STUBBORN, str(tmp_path / "child.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        try:
            child = int(starter.stdout.readline())
            assert is_running(child)
        finally:
            starter.kill()
    wait_until(lambda: not is_running(child))
