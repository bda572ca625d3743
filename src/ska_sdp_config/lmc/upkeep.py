"""What a server writes of its own accord, not by a command (spec 4.4 and 4.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ska_sdp_config.lmc.derive import timeout_error
from ska_sdp_config.lmc.entry import SUBARRAY, Entry
from ska_sdp_config.lmc.settings import SubarraySettings
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_config.lmc.states import AdminMode

__all__ = ["admin_mode_writes", "first_writes", "reached_writes", "timeout_writes"]


def first_writes(snapshot: Snapshot) -> Writes | None:
    """The entry of a subarray that was never commanded, None when there is one."""
    return None if snapshot.exists(snapshot.entry_path) else _entry(snapshot, Entry())


def timeout_writes(snapshot: Snapshot, now: datetime, settings: SubarraySettings) -> Writes | None:
    """The error of a time-out that has passed.

    Args:
        snapshot: what is there, read in the transaction that is to write.
        now: the time, with a zone.
        settings: the time-outs.

    Returns:
        What is to be written; None when it is not so, or not so any more.
    """
    error = timeout_error(snapshot, now, settings)
    if error is None:
        return None
    return _entry(snapshot, replace(snapshot.entry, errors={SUBARRAY: error}))


def reached_writes(snapshot: Snapshot, command_count: int) -> Writes | None:
    """That the wait of a command is over, whatever has become of its condition since.

    Args:
        snapshot: what is there, read in the transaction that is to write.
        command_count: the command whose wait was found over.

    Returns:
        What is to be written; None when another command has come, it is written, or the entry
        has been damaged since.
    """
    entry = snapshot.entry
    if entry.command_count != command_count or entry.reached:
        return None
    if entry.damage is not None or snapshot.is_damaged(snapshot.entry_path):
        return None
    return _entry(snapshot, replace(entry, reached=True))


def admin_mode_writes(snapshot: Snapshot, mode: AdminMode) -> Writes:
    """A new adminMode; nothing else changes, fields that are not valid included.

    Args:
        snapshot: what is there.
        mode: the new adminMode.

    Raises:
        CommandRejected: the entry holds no JSON object.
    """
    snapshot.check_entry()
    stored = snapshot.documents.get(snapshot.entry_path)
    # What is stored, not what was read of it: a damaged eb_id would be lost, and FAULT with it.
    document = Entry().document() if stored is None else stored
    return Writes({snapshot.entry_path: {**document, "admin_mode": mode.name}})


def _entry(snapshot: Snapshot, entry: Entry) -> Writes:
    return Writes({snapshot.entry_path: entry.document()})
