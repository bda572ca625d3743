"""Next step of a processing block's script, as a pure function of the database and the time.

Scripts have no state in memory, so a restarted simulator continues them. The order of the steps
is that of the real controller and scripts.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ska_sdp_sim.addresses import observed_scan_types, receive_addresses
from ska_sdp_sim.block import AT_WORK, DONE, Block, Owner
from ska_sdp_sim.parameters import Parameters

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults for the behaviour of scripts.

    Attributes:
        receive_scripts: realtime scripts whose name contains a match publish receive addresses.
        parameters: defaults for the parameters of processing blocks, by name.
    """

    receive_scripts: re.Pattern[str] = re.compile("receive")
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # An invalid default would fail every block, so it is rejected here.
        Parameters.read(self.parameters)


@dataclass(frozen=True, slots=True)
class Step:
    """The writes of one transaction.

    Attributes:
        what: name of the step, for the log.
        take_ownership: whether to take the ownership of the processing block.
        state: keys to set in the processing block's state.
        execution_block: keys to set in its execution block.
        deploy: arguments of the deployments to create, by ID.
        remove_deployment: whether to remove the deployment that the script has created.
        release: whether to remove all deployments and to release the ownership.
    """

    what: str
    take_ownership: bool = False
    state: Mapping[str, Any] = field(default_factory=dict)
    execution_block: Mapping[str, Any] = field(default_factory=dict)
    deploy: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remove_deployment: bool = False
    release: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until a time, or until an entry changes if there is no time."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The script has ended and released everything."""


def phase(block: Block) -> str:
    """Return the phase of a processing block, which changes whenever a new wait starts."""
    state = block.state or {}
    if block.status == "WAITING":
        if state.get("resources_available"):
            return "resourced"
        return "blocked" if _is_blocked(block) else "resourcing"
    if block.status in AT_WORK:
        return "ready" if state.get("deployments_ready") else "deploying"
    return str(block.status)


def next_step(
    block: Block, since: datetime, now: datetime, settings: Settings
) -> Step | Wait | Done:
    """Return the next step of a processing block's script."""
    if block.status in DONE:
        deployed = block.deployment or block.script_deployment
        owned = block.owner is Owner.THIS or (deployed and block.owner is Owner.NOBODY)
        return Step("cleanup", release=True) if owned else Done()
    if block.owner is Owner.OTHER:
        return Wait()
    if block.eb_id is not None and block.execution_block is None:
        if block.state is None:
            return Wait()
        return _cancel(block, f"Execution block {block.eb_id} does not exist")
    if block.execution_status == "CANCELLED" or block.status == "CANCELLING":
        return _cancel(block)
    if block.execution_status == "FINISHED" and block.kind == "realtime":
        return end(block, "FINISHED")
    if block.status is None and block.script_image is None:
        return end(
            block,
            "FAILED",
            f"Script {block.script} is not defined: import it with 'ska-sdp import scripts'",
        )
    if block.owner is Owner.NOBODY:
        return Step("taken", take_ownership=True)
    try:
        parameters = Parameters.read(block.parameters, settings.parameters)
        return _work(block, parameters, since, now, settings)
    except ValueError as error:  # invalid parameters or execution block
        return end(block, "FAILED", str(error))
    except Exception as error:  # a defect of the simulator must not stop the other blocks
        LOGGER.exception("%s: unexpected error in its script.", block.pb_id)
        return end(block, "FAILED", f"The script failed with {type(error).__name__}: {error}")


def _cancel(block: Block, reason: str | None = None) -> Step:
    """Cancel a block: CANCELLING, then the script removes its deployment, then CANCELLED.

    Without a state, its script has not started, and nothing is to be removed.
    """
    if block.state is None:
        return end(block, "CANCELLED", reason)
    if block.status != "CANCELLING":
        state = {"status": "CANCELLING", **({"reason": reason} if reason else {})}
        return Step("CANCELLING", state=state)
    if block.deployment:
        removed = {"deployments": {}, "deployments_ready": False}
        return Step("deployment removed", state=removed, remove_deployment=True)
    return end(block, "CANCELLED")


def end(block: Block, status: str, reason: str | None = None) -> Step:
    """Return the step that ends a block with a final status; its deployments are removed."""
    state: dict[str, Any] = {"status": status}
    removed = block.deployment or bool((block.state or {}).get("deployments"))
    if removed:
        state["deployments"] = {}
    if removed or (status == "CANCELLED" and block.state is not None):
        state["deployments_ready"] = False
    if reason:
        state["reason"] = reason
    return Step(status, state=state, release=True)


def _work(
    block: Block, parameters: Parameters, since: datetime, now: datetime, settings: Settings
) -> Step | Wait:
    if block.status is None:
        return _start(block)
    if block.status == "STARTING":
        if failure := parameters.failure("starting"):
            return end(block, "FAILED", failure)
        return Step("WAITING", state={"status": "WAITING", "resources_available": False})
    if block.status == "WAITING":
        return _wait_for_resources(block, parameters, since, now)
    if block.status in AT_WORK:
        return (
            _observe(block, parameters, settings)
            or _deploy(block, parameters, since, now)
            or _report_ready(block)
            or _process(block, parameters, since, now)
        )
    # Another program wrote this status.
    return Wait()


def _start(block: Block) -> Step:
    """Deploy the script, as the processing controller does.

    It is deployed once: a lost deployment ``proc-<pb_id>-script`` is not created again.
    ``deployments`` in the block's state lists only the deployments that the script creates.

    Assumption: the values of the chart ``script``, which are not documented.
    """
    values = {
        "image": block.script_image,
        "env": [{"name": "SDP_PB_ID", "value": block.pb_id}],
    }
    return Step(
        "STARTING",
        state={"status": "STARTING", "resources_available": False},
        deploy={block.script_deployment_id: {"chart": "script", "values": values}},
    )


def _is_blocked(block: Block) -> bool:
    """Return whether a batch block waits for its execution block or for other blocks."""
    if block.kind == "realtime":
        return False
    unfinished = any(status != "FINISHED" for status in block.dependencies.values())
    return unfinished or (block.eb_id is not None and block.execution_status == "ACTIVE")


def _wait_for_resources(
    block: Block, parameters: Parameters, since: datetime, now: datetime
) -> Step | Wait:
    if (block.state or {}).get("resources_available"):
        return Step("RUNNING", state={"status": "RUNNING", "deployments_ready": False})
    if _is_blocked(block):
        if block.eb_id is not None and block.execution_status == "ACTIVE":
            return Wait()
        return _end_if_blocked(block) or Wait()
    until = since + timedelta(seconds=parameters.time_to_resource)
    if now < until:
        return Wait(until)
    return Step("resources available", state={"resources_available": True})


def _end_if_blocked(block: Block) -> Step | None:
    if block.cycle:
        cycle = " → ".join(block.cycle)
        return end(block, "FAILED", f"Processing blocks depend on each other: {cycle}")
    for status in ("FAILED", "CANCELLED"):
        for pb_id, found in block.dependencies.items():
            if found == status:
                reason = f"Processing block {pb_id}, which it depends on, is {status}"
                is_failed = status == "FAILED"
                return end(block, status, reason) if is_failed else _cancel(block, reason)
    return None


def _observe(block: Block, parameters: Parameters, settings: Settings) -> Step | None:
    """React to the observation: new scan types, and failures requested at Configure and Scan."""
    if block.kind != "realtime" or block.execution_block is None:
        return None
    if block.execution_block.get("current_scan_type") is not None and (
        failure := parameters.failure("configuring")
    ):
        return end(block, "FAILED", failure)
    if block.execution_block.get("scan_id") is not None and (
        failure := parameters.failure("scanning")
    ):
        return end(block, "FAILED", failure)
    if not settings.receive_scripts.search(block.script_name):
        return None
    return _write_addresses(block, parameters) or _link_addresses(block)


def _write_addresses(block: Block, parameters: Parameters) -> Step | None:
    """Add the addresses of new scan types; published addresses never change."""
    execution_block = block.execution_block or {}
    written = (block.state or {}).get("receive_addresses")
    # Schema 3.2.1 had a list here; it is replaced.
    known = written if isinstance(written, Mapping) else None
    missing = [name for name in observed_scan_types(execution_block) if name not in (known or ())]
    if known is not None and not missing:
        return None
    added = receive_addresses(
        execution_block,
        lambda node: f"{block.deployment_id}-{node}.receive.sdp",
        parameters.channels_per_port,
        only=missing,
    )
    return Step("receive addresses", state={"receive_addresses": {**(known or {}), **added}})


def _link_addresses(block: Block) -> Step | None:
    """Link this block in the execution block, unless a block that still receives is linked."""
    linked = (block.execution_block or {}).get("pb_receive_addresses")
    if linked == block.pb_id or (linked is not None and not block.receiver_is_done):
        return None
    return Step("address link", execution_block={"pb_receive_addresses": block.pb_id})


def _deploy(
    block: Block, parameters: Parameters, since: datetime, now: datetime
) -> Step | Wait | None:
    """Create its deployment, also a lost one, and keep ``deployments_ready`` up to date.

    That of the script itself, ``proc-<pb_id>-script``, is not created again.
    """
    state = block.state or {}
    recorded = state.get("deployments")
    # Another program, whose block is taken over, may have recorded deployments of its own. Those
    # that do not exist any more are left out.
    pending = {**block.recorded, block.deployment_id: "PENDING"}
    if state.get("deployments_ready"):
        # Programs that record no deployments may be ready, too.
        if not recorded or block.deployment_running or _recorded_run(block):
            return None
        return Step(
            "deployment lost",
            state={"status": "RUNNING", "deployments_ready": False, "deployments": pending},
        )
    if not block.deployment or not recorded:
        return Step(
            "deployment",
            state={"deployments": pending},
            deploy={
                block.deployment_id: {
                    "chart": block.script_name.replace("_", "-"),
                    "values": {"image": block.script_image, "script": block.script},
                }
            },
        )
    if not block.deployment_running:
        return Wait()
    until = since + timedelta(seconds=parameters.time_to_ready)
    if now < until:
        return Wait(until)
    if failure := parameters.failure("ready"):
        return end(block, "FAILED", failure)
    return Step(
        "deployments ready",
        state={
            "deployments_ready": True,
            "deployments": {**block.recorded, block.deployment_id: "RUNNING"},
        },
    )


def _recorded_run(block: Block) -> bool:
    """Return whether all deployments run that the block's state records."""
    recorded = (block.state or {}).get("deployments")
    return isinstance(recorded, Mapping) and all(
        block.recorded.get(name) == "RUNNING" for name in recorded
    )


def _report_ready(block: Block) -> Step | None:
    """Report that the block can receive: its deployment runs, and its addresses are published."""
    if block.status == "READY" or not (block.state or {}).get("receive_addresses"):
        return None
    return Step("READY", state={"status": "READY"})


def _process(block: Block, parameters: Parameters, since: datetime, now: datetime) -> Step | Wait:
    """Run for the block's duration; a realtime block ends with its execution block."""
    if block.kind == "realtime" and block.eb_id is not None:
        return Wait()
    until = since + timedelta(seconds=parameters.duration)
    return Wait(until) if now < until else end(block, "FINISHED")
