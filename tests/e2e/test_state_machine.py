"""Random observations, with kills, failures, late responses and pauses of the database."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.e2e.machine import Observations
from tests.e2e.rig import Rig
from tests.e2e.ways import INITIAL_STEPS

FEW_EXAMPLES, FEW_STEPS = 4, 14
MANY_EXAMPLES, MANY_STEPS = 17, 30
"""Random sequences of steps, each with a kill and an outage, and steps of each."""


def run(rig: Rig, examples: int, steps: int, kills: int, outages: int) -> None:
    class Machine(Observations):
        def __init__(self) -> None:
            super().__init__(rig, kills, outages)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            # Without shrinking: each example takes seconds, as it uses real processes.
            phases=[Phase.generate],
        ),
    )


@pytest.mark.parametrize("steps", INITIAL_STEPS)
def test_initial_steps_are_logged(rig: Rig, steps: str) -> None:
    machine = Observations(rig, kills=0, outages=0)
    machine.begin(steps)
    machine.teardown()


@pytest.mark.long
def test_random_observations(rig: Rig) -> None:
    run(rig, examples=FEW_EXAMPLES, steps=FEW_STEPS, kills=1, outages=1)


@pytest.mark.long
def test_long_random_observations(rig: Rig) -> None:
    run(rig, examples=MANY_EXAMPLES, steps=MANY_STEPS, kills=1, outages=1)
