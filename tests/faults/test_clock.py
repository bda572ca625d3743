"""Stepped clocks: the wall time of processes changes, their monotonic time does not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.subarray import Subarray
from tests.faults.clock import Clock, library
from tests.faults.faults.parts import MAX_STEP_S, ClockStepped
from tests.faults.stack import Stack

TOLERANCE_S = 60.0
"""Tolerance for a busy machine: less than any step of these tests."""

PROGRAM = """
import sys, time
for line in sys.stdin:
    print(time.time(), time.monotonic(), flush=True)
"""


@pytest.fixture
def own_clock(tmp_path: Path) -> Clock:
    if library() is None:
        pytest.skip("this machine lacks libfaketime: .ci/packages lists the packages")
    return Clock(tmp_path / "offset")


@pytest.fixture
def stepped(clock: Clock) -> Iterator[Clock]:
    """The clock of the stack, set right at the end of the test."""
    yield clock
    clock.step(0)


class Watch:
    """Process that shows its two clocks."""

    def __init__(self, clock: Clock) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **clock.environment},
        )

    def offsets(self) -> tuple[float, float]:
        """Return the differences to the wall and monotonic clocks of the machine, in seconds."""
        process = self._process
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n")
        process.stdin.flush()
        wall, monotonic = map(float, process.stdout.readline().split())
        return wall - time.time(), monotonic - time.monotonic()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout
        self._process.stdout.close()


@pytest.mark.long
def test_process_sleeps_for_as_long_as_it_is_to(own_clock: Clock) -> None:
    program = "import time; b = time.monotonic(); time.sleep(0.2); print(time.monotonic() - b)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **own_clock.environment},
    )
    assert 0.2 <= float(done.stdout) < TOLERANCE_S


def test_running_process_sees_each_step_of_the_wall_clock_only(own_clock: Clock) -> None:
    watch = Watch(own_clock)
    try:
        for ahead_s in (0.0, MAX_STEP_S, -MAX_STEP_S, 0.0):
            own_clock.step(ahead_s)
            wall, monotonic = watch.offsets()
            assert abs(wall - ahead_s) < TOLERANCE_S
            assert abs(monotonic) < TOLERANCE_S
    finally:
        watch.close()


class Chosen(random.Random):
    """Source of one step."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self._step_s = step_s

    def uniform(self, a: float, b: float) -> float:
        assert a <= self._step_s <= b
        return self._step_s


@pytest.mark.long
@pytest.mark.parametrize("step_s", [MAX_STEP_S, -MAX_STEP_S])
def test_device_observes_with_each_step_of_its_clock(
    stack: Stack, stepped: Clock, step_s: float
) -> None:
    subarray = Subarray(stack.trls["02"][0])
    fault = ClockStepped(stepped, Chosen(step_s))
    subarray.command("On")
    fault.begin()
    subarray.assign()
    stamp = subarray.proxy.read_attribute("obsState").time.totime()
    assert abs(stamp - time.time() - step_s) < TOLERANCE_S
    fault.end()
    subarray.command("ReleaseAllResources")
    subarray.wait_for("EMPTY")
    stamp = subarray.proxy.read_attribute("obsState").time.totime()
    assert abs(stamp - time.time()) < TOLERANCE_S
    subarray.command("Off")
