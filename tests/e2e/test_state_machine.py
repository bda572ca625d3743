"""Random observations, with kills, failures, late responses and pauses of the database."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.e2e.machine import Observations
from tests.e2e.rig import Rig
from tests.e2e.ways import INITIAL_STEPS
from tests.support.size import sized


@pytest.mark.parametrize("steps", INITIAL_STEPS)
def test_initial_steps_are_logged(rig: Rig, steps: str) -> None:
    machine = Observations(rig, kills=0, outages=0)
    machine.begin(steps)
    machine.teardown()


@pytest.mark.long
@pytest.mark.parametrize(("examples", "steps"), [(10, 14), (17, 30)])
def test_random_observations(rig: Rig, examples: int, steps: int) -> None:
    class Machine(Observations):
        def __init__(self) -> None:
            super().__init__(rig, kills=1, outages=1)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=sized(examples),
            stateful_step_count=steps,
            # Without shrinking: each example takes seconds, as it uses real processes.
            phases=[Phase.generate],
        ),
    )
