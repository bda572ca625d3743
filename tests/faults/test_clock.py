"""Stepped clocks: the wall time of processes changes, their monotonic time does not."""

from __future__ import annotations

import base64
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.e2e.subarray import Subarray
from tests.faults.clock import SEEN_WITHIN_S, Clock, library, remove_leftovers
from tests.faults.faults.parts import MAX_STEP_S, ClockStepped
from tests.faults.stack import Stack
from tests.support.proxy import Connection, Proxy
from tests.support.waiting import wait_until

CALL_TIMEOUT_S = 1.0

TOLERANCE_S = 60.0
"""Tolerance for a busy machine: less than any step of these tests."""

CLOCKS = """
import sys, time
for line in sys.stdin:
    print(time.time(), time.monotonic(), flush=True)
"""
"""Program that shows its two clocks for each line."""

KEY = b"2/faults/any"
"""Key in the database of the path that ``CALLS`` reads."""

CALLS = f"""
import sys, time
from ska_sdp_config import Config, ConfigConnectionError
config = Config(timeout={CALL_TIMEOUT_S})
for line in sys.stdin:
    print("calling", flush=True)
    began = time.monotonic()
    try:
        for txn in config.txn():
            txn.get("/faults/any")
    except ConfigConnectionError:
        pass
    ended = time.monotonic()
    print(ended - began, ended, flush=True)
"""
"""Program that reads for each line, and shows the duration and the time of the end."""

ATTEMPTS = 10
"""Number of calls of which one has to last until the step on a busy machine."""


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


class Program:
    """Running program that answers each line. A context manager."""

    def __init__(self, text: str, clock: Clock, **settings: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", text],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **clock.environment, **settings},
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        with self._process.stdin, self._process.stdout:
            self._process.stdin.close()
            self._process.wait(60)

    def request(self) -> None:
        """Write a line."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def answer(self) -> list[str]:
        """Wait for a line, and return its words."""
        assert self._process.stdout
        return self._process.stdout.readline().split()


def offsets(program: Program) -> tuple[float, float]:
    """Return the differences to the wall and monotonic clocks of the machine, in seconds."""
    program.request()
    wall, monotonic = map(float, program.answer())
    return wall - time.time(), monotonic - time.monotonic()


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
    with Program(CLOCKS, own_clock) as program:
        for ahead_s in (0.0, MAX_STEP_S, -MAX_STEP_S, 0.0):
            own_clock.step(ahead_s)
            wall, monotonic = offsets(program)
            assert abs(wall - ahead_s) < TOLERANCE_S
            assert abs(monotonic) < TOLERANCE_S


@pytest.mark.long
@pytest.mark.usefixtures("own_clock")
def test_process_that_caches_the_clock_sees_each_step_in_time(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "cached", is_cached=True)
    with Program(CLOCKS, clock) as program:
        assert abs(offsets(program)[0]) < TOLERANCE_S
        for ahead_s in (MAX_STEP_S, -MAX_STEP_S, 0.0):
            clock.step(ahead_s)
            wait_until(
                lambda ahead_s=ahead_s: (  # type: ignore[misc]
                    abs(offsets(program)[0] - ahead_s) < TOLERANCE_S
                ),
                SEEN_WITHIN_S,
                f"the clock is {ahead_s:g} s ahead",
            )


class Requests(Proxy):
    """Proxy that records the reads of ``CALLS``.

    Attributes:
        count: number of requests with their key.
    """

    count = 0

    def should_forward(self, connection: Connection, data: bytes) -> bool:
        self.count += KEY in data or base64.b64encode(KEY) in data
        return True


@pytest.mark.long
@pytest.mark.parametrize("step_s", [MAX_STEP_S, -MAX_STEP_S])
@pytest.mark.parametrize("backend", ["etcd3", "etcd3_revolution1"])
def test_step_during_a_call_does_not_change_its_timeout(
    own_etcd: Etcd, own_clock: Clock, backend: str, step_s: float
) -> None:
    with ExitStack() as opened:
        requests = opened.enter_context(Requests(own_etcd.host, own_etcd.port))
        settings = {"SDP_CONFIG_BACKEND": backend, "SDP_CONFIG_HOST": requests.endpoint}
        program = opened.enter_context(Program(CALLS, own_clock, **settings))

        def begin() -> None:
            program.request()
            assert program.answer() == ["calling"]

        def seconds() -> float:
            return float(program.answer()[0])

        def is_stepped_meanwhile() -> bool:
            """Step the clock during a call; return whether it has ended after the step."""
            own_clock.step(0)
            before = requests.count
            begin()
            # Before gRPC has created the call, its deadline is a time of the wall clock: a step
            # then shortens or lengthens the timeout.
            wait_until(lambda: requests.count > before, what="the request is sent")
            own_clock.step(step_s)
            stepped = time.monotonic()
            lasted_s, ended = map(float, program.answer())
            assert CALL_TIMEOUT_S <= lasted_s < TOLERANCE_S
            return stepped < ended

        begin()
        assert seconds() < TOLERANCE_S
        assert requests.count
        own_etcd.pause()
        assert any(is_stepped_meanwhile() for _ in range(ATTEMPTS))
        begin()
        assert CALL_TIMEOUT_S <= seconds() < TOLERANCE_S
        own_etcd.resume()
        own_clock.step(0)
        begin()
        assert seconds() < TOLERANCE_S


def test_shared_memory_of_ended_processes_is_removed(tmp_path: Path) -> None:
    running, ended = f"faketime_shm_{os.getpid()}", "sem.faketime_sem_4194305"
    for name in (running, ended, "other"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {running, "other"}


class Chosen(random.Random):
    """Source of one step."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self._step_s = step_s

    def uniform(self, a: float, b: float) -> float:
        assert a <= self._step_s <= b
        return self._step_s


def test_step_of_the_clock_is_recorded(own_clock: Clock) -> None:
    assert ClockStepped(own_clock, Chosen(-5.0)).begin() == {"ahead_s": -5.0}


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
