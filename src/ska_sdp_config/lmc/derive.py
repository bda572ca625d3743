"""Derivation of the subarray's attributes from a snapshot and the time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ska_sdp_config.lmc.entry import SUBARRAY
from ska_sdp_config.lmc.readiness import deadline, pending_of, timeout_sentence, waiting_for
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import Json, ObsState
from ska_sdp_config.lmc.subarray_health import find_faults
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_config.lmc.view import NULL, View, json_text

__all__ = ["SubarrayView", "derive", "obs_state", "timeout_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubarrayView(View):
    """Values that a subarray publishes, and the pending writes of its server.

    Attributes:
        obs_state: final obsState.
        resources: assigned resources; JSON.
        eb_id: ID of the execution block, ``null`` without one.
        receive_addresses: receive addresses by scan type and beam; JSON.
        scan_type: configured scan type, ``null`` without one.
        scan_id: ID of the running scan, 0 without one.
        eb_state: status, scan type and scans of the execution block; JSON.
        pb_state: state of each processing block; JSON.
        error_messages: causes of FAULT by processing block ID or ``subarray``; JSON.
        last_command: name of the last accepted command.
        transaction_id: transaction ID of the last accepted command.
        commanded_state: last commanded State.
        commanded_obs_state: last commanded obsState.
        deadline: when the pending state times out, None if none is pending.
        wait_over: the condition of the pending state holds, and ``reached`` is not written yet.
    """

    obs_state: ObsState
    resources: str
    eb_id: str
    receive_addresses: str
    scan_type: str
    scan_id: int
    eb_state: str
    pb_state: str
    error_messages: str
    last_command: str
    transaction_id: str
    commanded_state: str
    commanded_obs_state: ObsState
    deadline: datetime | None = None
    wait_over: bool = False

    def __str__(self) -> str:
        return f"obsState {self.obs_state.name}"


def obs_state(snapshot: Snapshot, now: datetime, settings: ModelSettings) -> ObsState:
    """Derive obsState by the first rule that applies."""
    entry = snapshot.entry
    target = entry.obs_state_commanded
    if snapshot.eb is None and not entry.errors:
        return target
    if target is ObsState.ABORTED:
        return ObsState.ABORTED
    if entry.errors or snapshot.failures or _timed_out(snapshot, now, settings):
        return ObsState.FAULT
    return _pending_obs_state(snapshot, settings) or target


def timeout_error(snapshot: Snapshot, now: datetime, settings: ModelSettings) -> str | None:
    """Return the error of an expired timeout that is not written yet.

    Returns:
        Text for ``errors``; None if no timeout has expired, or obsState has another cause.
    """
    entry = snapshot.entry
    if not _timed_out(snapshot, now, settings):
        return None
    if snapshot.eb is None or entry.obs_state_commanded is ObsState.ABORTED:
        return None
    if entry.errors or snapshot.failures:
        return None
    pending = pending_of(snapshot)
    assert pending is not None
    return timeout_sentence(snapshot, pending, settings)


def derive(snapshot: Snapshot, now: datetime, settings: ModelSettings) -> SubarrayView:
    """Derive the view of the subarray."""
    entry, eb, receive_pb = snapshot.entry, snapshot.eb or {}, snapshot.receive_pb
    final = obs_state(snapshot, now, settings)
    transient = _transient(snapshot)
    errors = dict(entry.errors)
    new_error = timeout_error(snapshot, now, settings)
    if new_error is not None:
        errors[SUBARRAY] = new_error
    addresses = (receive_pb.state.get("receive_addresses") if receive_pb else None) or {}
    scan_type = eb.get("current_scan_type")
    return SubarrayView(
        revision=snapshot.revision,
        command_count=entry.command_count,
        state=snapshot.state,
        admin_mode=entry.admin_mode,
        faults=find_faults(snapshot, final, errors, settings),
        transient=transient,
        timed_out=new_error is not None,
        obs_state=final,
        resources=json_text(entry.resources),
        eb_id=entry.eb_id or NULL,
        receive_addresses=json_text(addresses),
        scan_type=scan_type if isinstance(scan_type, str) and scan_type else NULL,
        scan_id=_scan_id(eb) or 0,
        eb_state=json_text(_eb_summary(snapshot)),
        pb_state=json_text({pb_id: pb.summary() for pb_id, pb in snapshot.pbs.items()}),
        error_messages=json_text(_error_messages(snapshot, final, errors)),
        last_command=entry.last_command or "",
        transaction_id=entry.transaction_id or "",
        commanded_state=entry.state_commanded.name,
        commanded_obs_state=entry.obs_state_commanded,
        deadline=deadline(snapshot, settings) if final is transient else None,
        wait_over=pending_of(snapshot) is not None and final is entry.obs_state_commanded,
    )


def _transient(snapshot: Snapshot) -> ObsState | None:
    """Return the transient obsState of the last command."""
    transition = TRANSITIONS.get(snapshot.entry.last_command or "")
    return transition.transient if transition else None


def _pending_obs_state(snapshot: Snapshot, settings: ModelSettings) -> ObsState | None:
    """Return the pending obsState, None if the wait is over."""
    pending = pending_of(snapshot)
    if pending is None or not waiting_for(pending.until, snapshot, settings):
        return None
    return _transient(snapshot)


def _timed_out(snapshot: Snapshot, now: datetime, settings: ModelSettings) -> bool:
    limit = deadline(snapshot, settings)
    return (
        limit is not None and now >= limit and _pending_obs_state(snapshot, settings) is not None
    )


def _scan_id(eb: Json) -> int | None:
    scan_id = eb.get("scan_id")
    if isinstance(scan_id, str) and re.fullmatch(r"\d{1,18}", scan_id):
        return int(scan_id)
    if isinstance(scan_id, int) and not isinstance(scan_id, bool) and abs(scan_id) < 2**63:
        return scan_id
    return None


def _eb_summary(snapshot: Snapshot) -> Json:
    if snapshot.eb_id is None:
        return {}
    eb, state = snapshot.eb or {}, snapshot.eb_state or {}
    return {
        "status": snapshot.eb_status,
        "scan_type": eb.get("current_scan_type"),
        "scan_id": _scan_id(eb),
        "scans": state.get("scans") or [],
    }


def _error_messages(snapshot: Snapshot, final: ObsState, errors: dict[str, str]) -> dict[str, str]:
    if final is not ObsState.FAULT:
        return {}
    return {**errors, **{pb.pb_id: pb.reason for pb in snapshot.failures}}
