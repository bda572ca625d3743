"""Supervision of parts: the delays between restarts, and the messages."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.supervisor import (
    MAX_DELAY_S,
    MIN_DELAY_S,
    STABLE_AFTER_S,
    Supervisor,
    next_delay,
)


@pytest.mark.parametrize(
    ("previous", "ran", "pause"),
    [(0, 0, 1), (0, 1000, 1), (1, 0, 2), (8, 59.9, 16), (16, 0, 30), (30, 0, 30), (30, 60, 1)],
)
def test_delay_grows_until_a_part_runs_for_a_minute(
    previous: float, ran: float, pause: float
) -> None:
    assert next_delay(previous, ran) == pause


@given(st.lists(st.floats(0, 2 * STABLE_AFTER_S)))
def test_delays_stay_within_their_bounds(runs: list[float]) -> None:
    pause = 0.0
    for ran in runs:
        before, pause = pause, next_delay(pause, ran)
        assert MIN_DELAY_S <= pause <= MAX_DELAY_S
        assert pause >= before or ran >= STABLE_AFTER_S


class Script(Part):
    """A Python program that can be replaced between starts."""

    def __init__(self, directory: Path) -> None:
        super().__init__("script", directory / "script.log")
        self.program = sys.executable
        self.code = "import time; time.sleep(60)"

    def command(self) -> list[str]:
        if not Path(self.program).exists():
            raise FileNotFoundError(f"there is no program {self.program}")
        return [self.program, "-c", self.code]

    def is_ready(self) -> bool:
        return self.running


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


Watched = tuple[Script, Clock, list[str], Supervisor]
Watch = Callable[[bool], Watched]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    script = Script(tmp_path)

    def watch(restart: bool) -> Watched:
        script.start()
        clock, said = Clock(), list[str]()
        supervisor = Supervisor([script], restart=restart, echo=said.append, now=clock)
        return script, clock, said, supervisor

    yield watch
    script.stop()


def test_end_of_a_part_without_restart_is_reported_once(watch: Watch) -> None:
    script, _, said, supervisor = watch(False)
    assert supervisor.check()
    script.kill()
    assert not supervisor.check()
    assert not supervisor.check()
    (line,) = said
    assert line.startswith("script ended with exit code -9 (SIGKILL); its log")


def test_ended_part_is_restarted_after_its_delay(watch: Watch) -> None:
    script, clock, said, supervisor = watch(True)
    first = script.process.pid
    script.process.signal(signal.SIGKILL)
    script.process.wait()
    assert supervisor.check()
    assert said == [
        f"script ended with exit code -9 (SIGKILL): restarting it in 1 s; its log: {script.log}"
    ]
    clock.now += 0.9
    assert supervisor.check()
    assert not script.running
    clock.now += 0.1
    assert supervisor.check()
    assert script.running
    assert script.process.pid != first
    assert said[1:] == [f"Restarted script, process {script.process.pid}."]


def test_part_that_ends_at_once_is_restarted_with_growing_delays(watch: Watch) -> None:
    script, clock, said, supervisor = watch(True)
    script.code = "raise SystemExit(3)"
    script.kill()
    pauses = []
    for _ in range(7):
        said.clear()
        assert supervisor.check()
        pauses.append(said[0].partition(" in ")[2].partition(" s;")[0])
        clock.now += float(pauses[-1])
        assert supervisor.check()
        assert script.process.wait(30) == 3
    assert pauses == ["1", "2", "4", "8", "16", "30", "30"]
    assert "script ended with exit code 3: restarting" in said[0]


def test_failed_start_is_retried(watch: Watch) -> None:
    script, clock, said, supervisor = watch(True)
    script.program = "/nowhere/python"
    script.kill()
    supervisor.check()
    clock.now += 1
    assert supervisor.check()
    assert said[1] == (
        "script could not be started (there is no program /nowhere/python): "
        f"restarting it in 2 s; its log: {script.log}"
    )
    script.program = sys.executable
    clock.now += 2
    assert supervisor.check()
    assert script.running
