"""Run a script step by step without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ska_sdp_sim.block import Block, Owner
from ska_sdp_sim.script import Done, Settings, Step, Wait, next_step, phase

START = datetime(2026, 1, 31, 23, 12, 37, tzinfo=timezone.utc)
EXECUTION_BLOCK: Mapping[str, Any] = {
    "status": "ACTIVE",
    "beams": [{"beam_id": "vis0", "function": "visibilities"}],
    "channels": [{"channels_id": "all", "spectral_windows": [{"start": 0, "count": 8}]}],
    "scan_types": [{"scan_type_id": "science", "beams": {"vis0": {"channels_id": "all"}}}],
    "pb_receive_addresses": None,
    "current_scan_type": None,
    "scan_id": None,
}


def block(kind: str = "realtime", name: str = "vis-receive", **fields: Any) -> Block:
    return Block(
        pb_id="pb-test-20260131-00000",
        kind=kind,
        script=f"{kind}:{name}:1.0.0",
        script_name=name,
        script_image="registry/image:1.0.0",
        **{"eb_id": "eb-test-20260131-00000", "execution_block": EXECUTION_BLOCK, **fields},
    )


def batch(**fields: Any) -> Block:
    return block("batch", "ical", **fields)


def observe(before: Block, **changes: Any) -> Block:
    """Change the execution block, as a device or ``ska-sdp`` does."""
    return replace(before, execution_block={**(before.execution_block or {}), **changes})


class Run:
    """A block that its own steps are applied to, with a clock; deployments run at once."""

    def __init__(self, start: Block, settings: Settings | None = None) -> None:
        self.block = start
        self.settings = settings or Settings()
        self.now = START
        self.since = START
        self.names: list[str] = []

    def step(self) -> Step | Wait | Done:
        step = next_step(self.block, self.since, self.now, self.settings)
        if isinstance(step, Step):
            self.names.append(step.what)
            before = phase(self.block)
            self.block = apply(self.block, step)
            if phase(self.block) != before:
                self.since = self.now
        return step

    def go(self, seconds: float = 60.0) -> list[str]:
        """Run until no step is due within some seconds; return the names of the steps."""
        end = self.now + timedelta(seconds=seconds)
        self.names = []
        for _ in range(100):
            step = self.step()
            if isinstance(step, Step):
                continue
            if isinstance(step, Done) or step.until is None or step.until > end:
                self.now = end
                return self.names
            assert step.until > self.now, "wait until a time in the past"
            self.now = step.until
        raise AssertionError(f"more than 100 steps: {self.names}")

    @property
    def state(self) -> Mapping[str, Any]:
        return self.block.state or {}


def apply(before: Block, step: Step) -> Block:
    after = before
    if step.take_ownership:
        after = replace(after, owner=Owner.THIS)
    if step.state:
        after = replace(after, state={**(before.state or {}), **step.state})
    if step.execution_block:
        after = observe(after, **step.execution_block)
    if before.script_deployment_id in step.deploy:
        after = replace(after, script_deployment=True)
    if before.deployment_id in step.deploy:
        after = replace(after, deployment=True, deployment_running=True)
    if step.remove_deployment or step.release:
        after = replace(after, deployment=False, deployment_running=False)
    if step.release:
        after = replace(after, script_deployment=False, owner=Owner.NOBODY)
    return after


def reached(start: Block) -> Iterator[Block]:
    """Yield the block before each step until its deployments are ready."""
    run = Run(start)
    yield run.block
    while not (run.state.get("deployments_ready") and phase(run.block) == "ready"):
        if isinstance(run.step(), Step):
            yield run.block
        run.now += timedelta(seconds=0.1)
