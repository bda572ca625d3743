"""Random observations: commands, scripts, time and failures in any order.

After each step the obsState is compared with an independent model of the rules, which has a few
variables of its own and uses no documents.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ska_sdp_config.lmc.observe import observe
from ska_sdp_config.lmc.rejections import CommandRejected
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.messages.internal import Configure, Scan
from tests.support.size import sized

from .cells import CELLS, PATHS
from .worlds import World, assign_message, documents

ALLOWED = {(cell.command, cell.obs_state) for cell in CELLS if cell.allowed}
COMMANDS = sorted(PATHS.keys() - {"On", "ReleaseResources"})


class Observation(RuleBasedStateMachine):
    """One subarray with one real-time block; `expected` is an independent model of it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(documents(ObsState.EMPTY))
        self.expected = "EMPTY"
        self.on = True
        self.pb: str | None = None
        self.resourced = self.ready = self.failed = self.acknowledged = False
        self.waited = 0.0
        self.number = 0

    def settle(self) -> None:
        """End a pending state unless it is over."""
        blocked = self.failed and not self.acknowledged
        if self.expected == "ABORTED" or self.pb is None:
            return
        if blocked:
            self.expected = "FAULT"
        elif self.expected in ("RESOURCING", "RESETTING"):
            if self.resourced or self.acknowledged:
                self.expected = "IDLE"
            elif self.waited >= 60:
                self.expected = "FAULT"
        elif self.expected == "CONFIGURING":
            if self.ready or self.acknowledged:
                self.expected = "READY"
            elif self.waited >= 60:
                self.expected = "FAULT"

    @precondition(lambda self: not self.on)
    @rule()
    def switch_on(self) -> None:
        self.world.command("On")
        self.on = True

    @rule(command=st.sampled_from(COMMANDS))
    def give(self, command: str) -> None:
        message: Any = {"Configure": Configure("science"), "Scan": Scan(self.number)}.get(command)
        if command == "AssignResources":
            self.number += 1
            pbs = ((f"pb-{self.number}", "realtime", "work"),)
            message = assign_message(f"eb-{self.number}", pbs)
        if command == "AssignResources" and self.expected == "IDLE":
            return  # More resources for one execution block are tried elsewhere.
        allowed = self.on and (command, self.expected) in ALLOWED
        needs_block = command in ("Configure", "Scan") and self.pb is None
        before = dict(self.world.documents)
        if not allowed or needs_block:
            with pytest.raises(CommandRejected):
                self.world.command(command, message)
            assert self.world.documents == before
            return
        self.world.command(command, message)
        self.waited = 0.0
        if command == "AssignResources":
            self.pb = f"pb-{self.number}"
            self.resourced = self.ready = self.failed = self.acknowledged = False
            self.expected = "RESOURCING"
        elif command == "Configure":
            self.expected = "CONFIGURING"
        elif command == "ObsReset":
            self.acknowledged = self.acknowledged or self.failed
            self.expected = "RESETTING" if self.pb else "IDLE"
        else:
            self.expected = PATHS[command][-1]
        if command in ("ReleaseAllResources", "End", "Restart", "Off"):
            self.pb = None
        self.on = self.on and command != "Off"
        self.settle()

    @precondition(lambda self: self.pb is not None and not self.failed)
    @rule(resourced=st.booleans(), ready=st.booleans())
    def script_goes_on(self, resourced: bool, ready: bool) -> None:
        assert self.pb is not None
        self.world.set_state(
            self.pb, status="RUNNING", resources_available=resourced, deployments_ready=ready
        )
        self.resourced, self.ready = resourced, ready
        self.settle()

    @precondition(lambda self: self.pb is not None and not self.failed)
    @rule()
    def script_fails(self) -> None:
        assert self.pb is not None
        self.world.set_state(self.pb, status="FAILED", reason="as requested")
        self.failed = True
        self.settle()

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)
        self.waited += seconds
        self.settle()

    @invariant()
    def obs_state_is_as_expected(self) -> None:
        # The first reconciliation may write; the view must not depend on it.
        before = self.world.view.obs_state
        after = self.world.reconcile().obs_state
        assert before is after
        assert after.name == self.world.obs_state
        assert after.name == self.expected

    @invariant()
    def attributes_agree(self) -> None:
        view = self.world.view
        assert (view.state.name == "ON") == self.on
        assert (view.eb_id == "null") == (self.pb is None)
        assert (view.error_messages != "{}") == (self.expected == "FAULT")

    @invariant()
    def observer_sees_the_same(self) -> None:
        self.world.reconcile()
        view, observed = self.world.view, observe(self.world.snapshot)
        assert observed.obs_state is view.obs_state
        assert observed.faults == view.faults


def observe_many(examples: int) -> None:
    run_state_machine_as_test(
        Observation, settings=settings(max_examples=examples, stateful_step_count=40)
    )


def test_observation_follows_the_rules() -> None:
    observe_many(10)


@pytest.mark.long
def test_many_observations_follow_the_rules() -> None:
    observe_many(sized(120))
