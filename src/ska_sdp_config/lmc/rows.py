"""Rows of the tables that operators see, such as those of subarrays and processing blocks.

Every display uses these rows, so that all of them show the same. Pure: the age of a time in a row
is up to the display.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ska_sdp_config.lmc.blocks import ProcessingBlock, script_of
from ska_sdp_config.lmc.controller import ControllerEntry
from ska_sdp_config.lmc.deployment_status import deployment_status
from ska_sdp_config.lmc.derive import SubarrayView
from ska_sdp_config.lmc.health import Fault, health
from ska_sdp_config.lmc.observe import observe
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import AdminMode, HealthState, Json, ObsState, State
from ska_sdp_config.lmc.statuses import PB_ENDED
from ska_sdp_config.lmc.times import read_time
from ska_sdp_config.lmc.transitions import commands_out_of_fault

__all__ = [
    "CommandRow",
    "DeploymentRow",
    "FaultRow",
    "FlowRow",
    "PbRow",
    "SubarrayRow",
    "causes_of_fault",
    "command_rows",
    "deployment_row",
    "fault_rows",
    "flow_row",
    "pb_row",
    "subarray_row",
]


class FaultRow(NamedTuple):
    """Row of a fault of a device.

    Attributes:
        text: description with the reason, without a full stop.
        since: start of the fault, UTC; None if the database does not have it.
        about: path of the entry at fault, without a prefix; empty if it is none.
        commands: commands of the device, each of which ends FAULT; empty if the fault is not a
            cause of FAULT.
        way_out: what ends FAULT, without a full stop: ``ObsReset or Restart``, or what is
            necessary before, such as ``send On, then ObsReset or Restart``; empty if the fault is
            not a cause of FAULT.
    """

    text: str
    since: datetime | None
    about: str = ""
    commands: tuple[str, ...] = ()
    way_out: str = ""


class SubarrayRow(NamedTuple):
    """Row of a subarray.

    Attributes:
        subarray_id: the subarray, such as ``01``.
        state: State of the device.
        obs_state: derived obsState.
        since: start of obsState as far as the database has it: in FAULT that of its first cause,
            otherwise the time of the last command; UTC, None if unknown.
        eb_id: linked execution block, None without one.
        pbs_done: number of its processing blocks that have ended.
        pbs_total: number of its processing blocks.
        scan_type: configured scan type, None without one.
        scan_id: running scan, None without one.
        health: healthState.
        faults: all faults, in the order of healthInfo.
        is_online: whether the device is alive.
        last_command: last accepted command, empty if there was none.
        last_command_time: when it was accepted, UTC; None if unknown.
        transaction_id: its transaction ID, empty if unknown.
    """

    subarray_id: str
    state: State
    obs_state: ObsState
    since: datetime | None
    eb_id: str | None
    pbs_done: int
    pbs_total: int
    scan_type: str | None
    scan_id: int | None
    health: HealthState
    faults: tuple[FaultRow, ...]
    is_online: bool
    last_command: str
    last_command_time: datetime | None
    transaction_id: str


class PbRow(NamedTuple):
    """Row of a processing block.

    Attributes:
        pb_id: its ID.
        status: its status, STARTING if it has no state.
        reason: reason of its failure or cancellation, and its errors; empty without any.
        eb_id: its execution block, None without one.
        script: ``kind:name:version`` of its script.
        last_updated: time of the last change of its state, UTC; None if unknown.
    """

    pb_id: str
    status: str
    reason: str
    eb_id: str | None
    script: str
    last_updated: datetime | None


class DeploymentRow(NamedTuple):
    """Row of a deployment.

    Attributes:
        deployment_id: its ID.
        kind: its kind, such as ``helm``.
        chart: name of its chart, empty if unknown.
        status: see ``deployment_status``.
        reason: why it does not run, empty if it does.
        last_updated: time of the last change of its state, UTC; None if unknown.
    """

    deployment_id: str
    kind: str
    chart: str
    status: str
    reason: str
    last_updated: datetime | None


class FlowRow(NamedTuple):
    """Row of a flow.

    Attributes:
        key: ``pb_id:kind:name``.
        data_model: model of its data, empty if unknown.
        status: its status, PENDING if it has no state.
        reason: its errors, empty without any.
        last_updated: time of the last change of its state, UTC; None if unknown.
    """

    key: str
    data_model: str
    status: str
    reason: str
    last_updated: datetime | None


class CommandRow(NamedTuple):
    """Row of the last accepted command of a device.

    Attributes:
        device: ``controller``, or ``subarray`` with the ID.
        command: name of the command.
        time: when it was accepted, UTC; None if unknown.
        transaction_id: its transaction ID, empty if unknown.
    """

    device: str
    command: str
    time: datetime | None
    transaction_id: str


def subarray_row(snapshot: Snapshot, is_online: bool) -> SubarrayRow:
    """Return the row of a subarray.

    Args:
        snapshot: documents of the subarray.
        is_online: whether its device is alive.
    """
    view, entry = observe(snapshot), snapshot.entry
    faults = _faults(view, is_damaged=entry.damage is not None)
    pbs = snapshot.pbs.values()
    scan_type = (snapshot.eb or {}).get("current_scan_type")
    return SubarrayRow(
        subarray_id=snapshot.subarray_id,
        state=view.state,
        obs_state=view.obs_state,
        since=_since(faults) or entry.last_command_time,
        eb_id=snapshot.eb_id,
        pbs_done=sum(pb.status in PB_ENDED for pb in pbs),
        pbs_total=len(pbs),
        scan_type=scan_type if isinstance(scan_type, str) and scan_type else None,
        scan_id=view.scan_id or None,
        health=health(view.faults, None),
        faults=faults,
        is_online=is_online,
        last_command=view.last_command,
        last_command_time=entry.last_command_time,
        transaction_id=view.transaction_id,
    )


def fault_rows(faults: Iterable[Fault]) -> tuple[FaultRow, ...]:
    """Return the rows of faults that are no causes of FAULT."""
    return tuple(FaultRow(fault.text, fault.since, fault.about) for fault in faults)


def causes_of_fault(subarrays: Iterable[SubarrayRow]) -> frozenset[str]:
    """Return the paths of the entries that put a subarray in FAULT."""
    return frozenset(
        fault.about for row in subarrays for fault in row.faults if fault.way_out and fault.about
    )


def pb_row(pb_id: str, document: Json | None, state: Json | None) -> PbRow:
    """Return the row of a processing block from its two documents, None for a missing one."""
    block = ProcessingBlock.read(pb_id, False, document, state)
    eb_id = (document or {}).get("eb_id")
    return PbRow(
        pb_id=pb_id,
        status=block.status,
        reason=block.reason if block.failed else "; ".join(block.errors),
        eb_id=eb_id if isinstance(eb_id, str) and eb_id else None,
        script=":".join(part for part in script_of(document or {}).values() if part),
        last_updated=block.last_updated,
    )


def deployment_row(deployment_id: str, document: Json | None, state: Json | None) -> DeploymentRow:
    """Return the row of a deployment from its two documents, None for a missing one."""
    found, arguments = document or {}, (document or {}).get("args")
    chart = arguments.get("chart") if isinstance(arguments, dict) else None
    status, reason = deployment_status(state)
    return DeploymentRow(
        deployment_id=deployment_id,
        kind=str(found.get("kind") or found.get("type") or ""),
        chart=str(chart or ""),
        status=status,
        reason=reason,
        last_updated=read_time((state or {}).get("last_updated")),
    )


def flow_row(key: str, document: Json | None, state: Json | None) -> FlowRow:
    """Return the row of a flow from its two documents, None for a missing one."""
    found = state or {}
    errors = found.get("error_state")
    texts = [
        str(each["error"])
        for each in (errors if isinstance(errors, list) else [])
        if isinstance(each, dict) and each.get("error")
    ]
    return FlowRow(
        key=key,
        data_model=str((document or {}).get("data_model") or ""),
        status=str(found.get("status") or "PENDING"),
        reason="; ".join(dict.fromkeys(texts)),
        last_updated=read_time(found.get("last_updated")),
    )


def command_rows(
    controller: ControllerEntry, subarrays: Iterable[SubarrayRow]
) -> list[CommandRow]:
    """Return the last command of each device, the newest first; those without a time last."""
    rows = [
        CommandRow(
            "controller",
            controller.last_command or "",
            controller.last_command_time,
            controller.transaction_id or "",
        ),
        *(
            CommandRow(
                f"subarray {row.subarray_id}",
                row.last_command,
                row.last_command_time,
                row.transaction_id,
            )
            for row in subarrays
        ),
    ]
    given = [row for row in rows if row.command]
    return sorted(given, key=lambda row: row.time.timestamp() if row.time else 0.0, reverse=True)


def _faults(view: SubarrayView, *, is_damaged: bool) -> tuple[FaultRow, ...]:
    """Return the faults, and for each cause of FAULT the way out."""
    causes = {
        fault_key for name in json.loads(view.error_messages) for fault_key in _keys_of_cause(name)
    }
    # Of a damaged entry its own text names Restart alone.
    commands = ("Restart",) if is_damaged else tuple(commands_out_of_fault())
    way_out = _way_out(commands, view.state, view.admin_mode)
    rows = fault_rows(view.faults or ())
    return tuple(
        row._replace(commands=commands, way_out=way_out) if fault.key in causes else row
        for fault, row in zip(view.faults or (), rows, strict=True)
    )


def _keys_of_cause(name: str) -> tuple[str, str]:
    """Return the keys of the faults for a key of errorMessages; see ``find_faults``."""
    return f"error {name}", f"pb {name} failed"


def _since(faults: Iterable[FaultRow]) -> datetime | None:
    """Return the start of FAULT, None if it is unknown or obsState is not FAULT."""
    return min((fault.since for fault in faults if fault.way_out and fault.since), default=None)


def _way_out(commands: Iterable[str], state: State, admin_mode: AdminMode) -> str:
    names = " or ".join(commands)
    if not admin_mode.enables:
        return f"set adminMode to ONLINE, then send {names}"
    return names if state is State.ON else f"send On, then {names}"
