"""Parts that several documents have: faults, commands, classes of statuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ska_sdp_config.lmc.entry import Entry
from ska_sdp_config.lmc.rejections import CommandRejected
from ska_sdp_config.lmc.rows import CommandRow, FaultRow, SubarrayRow
from ska_sdp_config.lmc.transitions import TRANSITIONS, check_allowed
from ska_sdp_web.encoding import when

__all__ = [
    "WITH_MESSAGE",
    "allowed_commands",
    "card",
    "class_of",
    "command",
    "fault",
    "faults",
]

WITH_MESSAGE = ("AssignResources", "ReleaseResources", "Configure", "Scan")
"""Commands whose argument is a JSON message; the others have none."""

_CLASSES = {
    "ok": ("RUNNING", "READY", "ACTIVE", "FLOWING", "INITIALISED"),
    "busy": ("STARTING", "CANCELLING", "DELETING"),
    "waiting": ("WAITING", "PENDING", "UNSET"),
    "bad": ("FAILED", "INCOMPLETE"),
    "ended": ("FINISHED", "CANCELLED", "COMPLETED", "DELETED"),
}


def class_of(status: str) -> str:
    """Return the class of the status of an object: ok, busy, waiting, bad, ended or unknown."""
    return next((name for name, members in _CLASSES.items() if status in members), "unknown")


def fault(row: FaultRow) -> dict[str, Any]:
    """Return a fault, with the commands that end it."""
    return {
        "text": " ".join(row.text.split()),
        "since": when(row.since),
        "way_out": row.way_out or None,
        "commands": list(row.commands),
    }


def faults(rows: Iterable[FaultRow]) -> list[dict[str, Any]]:
    """Return faults, the causes of FAULT first."""
    return [fault(row) for row in sorted(rows, key=lambda row: not row.way_out)]


def command(row: CommandRow) -> dict[str, Any]:
    """Return the last accepted command of a device. The database keeps no results."""
    return {
        "device": row.device,
        "name": row.command,
        "time": when(row.time),
        "transaction_id": row.transaction_id,
        "result": None,
    }


def allowed_commands(entry: Entry, row: SubarrayRow) -> list[str]:
    """Return the names of the commands that adminMode, State and obsState allow."""
    found = []
    for name in TRANSITIONS:
        try:
            check_allowed(name, row.state, row.obs_state, entry.admin_mode)
        except CommandRejected:
            continue
        found.append(name)
    return found


def card(row: SubarrayRow, allowed: Iterable[str]) -> dict[str, Any]:
    """Return what the page shows of a subarray at a glance.

    Args:
        row: its row.
        allowed: names of the commands that are allowed now.
    """
    last = CommandRow(
        f"subarray {row.subarray_id}", row.last_command, row.last_command_time, row.transaction_id
    )
    return {
        "id": row.subarray_id,
        "state": row.state.name,
        "obs_state": row.obs_state.name,
        "since": when(row.since),
        "health": row.health.name,
        "faults": faults(row.faults),
        "eb_id": row.eb_id,
        "scan_id": row.scan_id,
        "scan_type": row.scan_type,
        "is_online": row.is_online,
        "pbs_done": row.pbs_done,
        "pbs_total": row.pbs_total,
        "last_command": command(last) if row.last_command else None,
        "allowed": [
            {
                "command": name,
                "argument": "json" if name in WITH_MESSAGE else None,
                "example": None,
            }
            for name in allowed
        ],
    }
