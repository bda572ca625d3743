"""State machine test: commands, scripts and faults in random order, checked after each step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import tango
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.e2e.expected import COMMANDS, FOLLOWING, Block, Expected, Outcome
from tests.e2e.rig import Rig
from tests.e2e.ways import INITIAL_STEPS, STAGES, WEIGHTED_COMMANDS
from tests.support.scripts import (
    ADDRESSES,
    assignment,
    change,
    more_blocks,
    name_receiver,
    new_id,
    write_state,
)
from tests.support.waiting import wait_until

Accept = Callable[[], tuple[str, ...]]


class Observations(RuleBasedStateMachine):
    """Rules for clients, scripts and faults.

    Args:
        rig: the subarray, used for all examples.
        kills: limit of kills of the server per example; each takes seconds.
        outages: limit of database outages per example.
    """

    def __init__(self, rig: Rig, kills: int, outages: int) -> None:
        super().__init__()
        self.rig = rig
        self.kills = kills
        self.outages = outages
        self.expected = Expected()

    @initialize(steps=st.sampled_from(INITIAL_STEPS))
    def begin(self, steps: str) -> None:
        """Run the initial steps, as random ones alone rarely get far."""
        self.rig.begin()
        self.count = self.rig.entry["command_count"]
        self.last = "EMPTY"
        for step in steps.split():
            if step in STAGES:
                self.advance_scripts(step)
            elif step == "failed":
                self.advance_script(0, 0)
            else:
                self._command(step, 0)

    def teardown(self) -> None:
        if not hasattr(self, "count"):
            return
        # No unexpected event: all events pushed before this one are received before it.
        self.rig.recorder.prove()
        assert self.rig.recorder.of("obsState") == []

    # Clients

    @rule(data=st.data(), variant=st.integers(0, 3), until=st.sampled_from(["", *STAGES]))
    def allowed_command(self, data: st.DataObject, variant: int, until: str) -> None:
        self._command(self._allowed(data), variant)
        if until and self.expected.realtime:
            self.advance_scripts(until)

    @rule(data=st.data(), variant=st.integers(0, 3))
    def rejected_command(self, data: st.DataObject, variant: int) -> None:
        names = [name for name in COMMANDS if self.expected.rejection(name) is not None]
        self._command(data.draw(st.sampled_from(names)), variant)

    def _allowed(self, data: st.DataObject) -> str:
        names = [name for name in WEIGHTED_COMMANDS if self.expected.rejection(name) is None]
        return data.draw(st.sampled_from(names))

    def _command(self, name: str, variant: int) -> None:
        argument, outcome, accept = self._prepare(name, variant)
        error = self.rig.response(self.rig.send(name, argument))
        if outcome is not None:
            assert error is not None, f"{name} was not rejected"
            assert (error.reason, error.desc) == (outcome.reason, outcome.text)
            self._check(())
        else:
            assert error is None, f"{name}: {error}"
            self.count += 1
            self._check(accept())

    def _prepare(self, name: str, variant: int) -> tuple[str | None, Outcome | None, Accept]:
        """Return a command's argument and its expected effect."""
        expected = self.expected
        outcome = expected.rejection(name)
        more: dict[str, Any] = {}
        argument = None
        if name == "AssignResources":
            argument, more, rejection = self._assignment(variant)
            outcome = outcome or rejection
        elif name == "ReleaseResources":
            those = sorted(expected.receptors) or ["SKA001"]
            those = those if variant == 0 else those[:1]
            argument = json.dumps({"resources": {"receptors": those}})
            more = {"released": set(those)}
        elif name == "Configure":
            argument = '{"scan_type": "science"}'
        elif name == "Scan":
            argument = json.dumps({"scan_id": variant})
        return argument, outcome, lambda: expected.accept(name, **more)

    def _assignment(self, variant: int) -> tuple[str, dict[str, Any], Outcome | None]:
        expected = self.expected
        receptors = ("SKA001", "SKA036", "SKA063")[: 1 + variant % 3]
        is_idle = expected.obs_state() == "IDLE"
        if is_idle and variant == 1:
            message = {"resources": {"receptors": list(receptors)}}
            return json.dumps(message), {"assigned": set(receptors)}, None
        if is_idle and variant == 2:
            blocks = {new_id("pb"): Block(realtime=True, receives=False)}
            rejection = None
            if expected.eb != "ACTIVE":
                text = "No execution block is active"
                if expected.eb:
                    text = f"Execution block {expected.eb_id} is {expected.eb}"
                rejection = Outcome("API_CommandFailed", text)
            return more_blocks(_scripts(blocks)), {"blocks": blocks}, rejection
        blocks = {
            new_id("pb"): Block(realtime=True, receives=True),
            new_id("pb"): Block(realtime=True, receives=False),
            new_id("pb"): Block(realtime=False, receives=False),
        }
        if variant == 3:
            blocks = {}
        eb_id = new_id("eb")
        rejection = None
        if expected.eb == "ACTIVE":
            text = f"Execution block {expected.eb_id} is still active"
            rejection = Outcome("API_CommandFailed", text)
        argument = assignment(eb_id, _scripts(blocks), receptors)
        accepted = {"eb_id": eb_id, "blocks": blocks, "assigned": set(receptors)}
        return argument, accepted, rejection

    # Actions of scripts

    @precondition(lambda self: self.expected.realtime)
    @rule(until=st.sampled_from(STAGES))
    def advance_scripts(self, until: str) -> None:
        """Advance all scripts until they wait for deployments only, or for nothing."""
        before = self.expected.obs_state()
        for pb_id in self.expected.blocks:
            while self._step(pb_id, until):
                pass
        self._check_changed(before)

    @precondition(lambda self: self.expected.blocks)
    @rule(which=st.integers(0, 5), fate=st.integers(0, 9))
    def advance_script(self, which: int, fate: int) -> None:
        before = self.expected.obs_state()
        pb_id = list(self.expected.blocks)[which % len(self.expected.blocks)]
        if fate > 2:
            self._step(pb_id)
        else:
            self._write_end(pb_id, "FINISHED" if fate == 2 else "FAILED")
        self._check_changed(before)

    @precondition(lambda self: any(block.ready for block in self.expected.realtime))
    @rule()
    def readiness_is_lost(self) -> None:
        before = self.expected.obs_state()
        for pb_id, block in self.expected.blocks.items():
            if block.ready and block.status == "RUNNING":
                block.ready = False
                write_state(self.rig.config, pb_id, deployments_ready=False)
        self._check_changed(before)

    @precondition(lambda self: self.expected.eb == "ACTIVE")
    @rule(status=st.sampled_from(["FINISHED", "CANCELLED"]))
    def another_ends_the_execution_block(self, status: str) -> None:
        self.expected.eb = status
        change(self.rig.config, f"/eb/{self.expected.eb_id}", status=status)
        self._check(())

    def _step(self, pb_id: str, until: str = "ready") -> bool:
        """Write the next step of a script, in the real order; return False if there is none."""
        block, config = self.expected.blocks[pb_id], self.rig.config
        if block.status == "STARTING":
            block.status = "WAITING"
            write_state(config, pb_id, status="WAITING", resources_available=False)
        elif block.status == "WAITING" and not block.resources:
            block.resources = True
            write_state(config, pb_id, resources_available=True)
        elif block.status == "WAITING":
            block.status, block.ready = "RUNNING", False
            write_state(config, pb_id, status="RUNNING", deployments_ready=False)
        elif block.status != "RUNNING":
            return False
        elif block.receives and not block.addresses:
            block.addresses = True
            write_state(config, pb_id, receive_addresses=ADDRESSES)
        elif block.receives and not self.expected.named:
            self.expected.named = pb_id
            name_receiver(config, self.expected.eb_id, pb_id)
        elif until == "ready" and not block.ready:
            block.ready = True
            write_state(config, pb_id, deployments_ready=True)
        else:
            return False
        return True

    def _write_end(self, pb_id: str, status: str) -> None:
        block = self.expected.blocks[pb_id]
        if block.status not in ("FAILED", "FINISHED"):
            block.status = status
            reason = {"reason": "no space left"} if status == "FAILED" else {}
            write_state(self.rig.config, pb_id, status=status, **reason)

    # Passing of time

    @precondition(lambda self: self.expected.obs_state() == self.expected.pending)
    @rule()
    def timeout_expires(self) -> None:
        """Expire the command's timeout by setting its time back."""
        before = self.expected.obs_state()
        self._make_late()
        self._check_changed(before)

    def _make_late(self) -> None:
        if self.expected.obs_state() == self.expected.pending:
            self.rig.make_late()
            self.expected.late = True

    # Faults

    @precondition(lambda self: self.kills)
    @rule(
        way=st.sampled_from(["idle", "meanwhile", "command", "committed"]),
        data=st.data(),
        variant=st.integers(0, 3),
    )
    def server_is_killed(self, way: str, data: st.DataObject, variant: int) -> None:
        """Kill when idle, during other writes, during a command, or right after its commit."""
        self.kills -= 1
        name = self._allowed(data)
        argument, outcome, accept = self._prepare(name, variant)
        if way == "committed" and outcome is None:
            self.rig.send_and_catch(name, argument)
        elif way in ("command", "committed"):
            self.rig.send(name, argument)
        self.rig.kill()
        if way == "meanwhile":
            for pb_id in self.expected.blocks:
                for _ in range(variant):
                    self._step(pb_id)
            if variant == 0:
                self._make_late()
        self.rig.restart()
        is_done = self.rig.entry["command_count"] > self.count
        assert not is_done or (way in ("command", "committed") and outcome is None)
        assert is_done or way != "committed" or outcome is not None
        if is_done:
            self.count += 1
            accept()
        self.expected.look()
        self.last = self.expected.obs_state()
        self._check(())
        if way == "command" and outcome is None and not is_done:
            # The client repeats it. The next step must not depend on a race.
            assert self.rig.response(self.rig.send(name, argument)) is None
            self.count += 1
            self._check(accept())

    @rule(loses=st.booleans(), data=st.data(), variant=st.integers(0, 3))
    def answer_is_late_or_lost(self, loses: bool, data: st.DataObject, variant: int) -> None:
        """Commit a command while its response is late or lost."""
        name = self._allowed(data)
        argument, outcome, accept = self._prepare(name, variant)
        if outcome is not None:
            return
        number = self.rig.send_and_catch(name, argument)
        if loses:
            self.rig.network.cut()
        else:
            # The delay itself, well below the 2 s that the command waits for the database.
            time.sleep(0.2)
        self.rig.network.release()
        error = self.rig.response(number)
        if error is not None:
            # On a slow machine the settlement may time out.
            assert "It is not known whether" in error.desc
        # Until the connection is restored, commands are rejected.
        self.rig.wait_for_database()
        self.count += 1
        self._check(accept())

    @precondition(lambda self: self.outages)
    @rule(way=st.sampled_from(["paused", "killed"]), name=st.sampled_from(COMMANDS))
    def database_is_away(self, way: str, name: str) -> None:
        self.outages -= 1
        argument, _, _ = self._prepare(name, 0)
        if way == "paused":
            self.rig.etcd.pause()
        else:
            self.rig.etcd.kill()
        error = self.rig.response(self.rig.send(name, argument))
        assert error is not None
        assert error.reason == "API_CommandFailed"
        assert f"{name} was not carried out" in error.desc
        assert self.rig.network.endpoint in error.desc
        assert self.rig.subarray.obs_state == self.expected.obs_state()
        if way == "paused":
            self.rig.etcd.resume()
        else:
            self.rig.etcd.start()
        self.rig.wait_for_database()
        self._check(())

    @rule()
    def connection_is_cut(self) -> None:
        self.rig.network.cut()
        self.rig.wait_for_database()
        self._check(())

    @rule()
    def device_is_initialized(self) -> None:
        self.rig.subarray.command("Init")
        wait_until(lambda: self.rig.subarray.proxy.state() != tango.DevState.INIT)
        self._check((self.expected.obs_state(),))

    # Invariants

    def _check_changed(self, before: str) -> None:
        """Check the events after a write that may have changed obsState."""
        self.expected.look()
        after = self.expected.obs_state()
        self._check((after,) if after != before else ())

    def _check(self, events: tuple[str, ...]) -> None:
        expected, rig = self.expected, self.rig
        rig.recorder.wait_for("obsState", list(events))
        for one in events:
            assert one == self.last or one in FOLLOWING[self.last]
            self.last = one
        rig.recorder.clear()
        assert self.last == expected.obs_state()
        wait_until(
            lambda: rig.subarray.obs_state == expected.obs_state(),
            what=f"{expected.obs_state()}, not {rig.subarray.obs_state}",
        )
        assert rig.subarray.proxy.state().name == expected.state

        def is_written() -> bool:
            entry = rig.entry
            return (bool(entry["reached"]), bool(entry["errors"]), entry["command_count"]) == (
                not expected.waits,
                expected.timed_out,
                self.count,
            )

        wait_until(is_written, what=f"the entry equals {expected}: {rig.entry}")


def _scripts(blocks: dict[str, Block]) -> dict[str, tuple[str, str]]:
    return {
        pb_id: (
            "realtime" if block.realtime else "batch",
            "vis-receive" if block.receives else "pointing",
        )
        for pb_id, block in blocks.items()
    }
