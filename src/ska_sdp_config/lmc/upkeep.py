"""Writes of a subarray's server that no command causes, and those of adminMode.

The snapshots are read in the transaction that writes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ska_sdp_config.lmc.derive import timeout_error
from ska_sdp_config.lmc.entry import SUBARRAY, Entry, under_present_names
from ska_sdp_config.lmc.settings import ModelSettings, stored_settings
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_config.lmc.states import AdminMode

__all__ = [
    "admin_mode_writes",
    "first_writes",
    "has_sound_entry",
    "reached_writes",
    "settings_writes",
    "timeout_writes",
]


def has_sound_entry(snapshot: Snapshot) -> bool:
    """Return whether the entry is neither unreadable nor has invalid fields."""
    return snapshot.entry.damage is None and not snapshot.is_damaged(snapshot.entry_path)


def first_writes(snapshot: Snapshot, settings: ModelSettings) -> Writes | None:
    """Return the first entry of a subarray, None if it has one."""
    if snapshot.exists(snapshot.entry_path):
        return None
    return _entry(snapshot, Entry(settings=stored_settings(settings)))


def settings_writes(snapshot: Snapshot, settings: ModelSettings) -> Writes | None:
    """Return the entry with the settings of its server; keep all other fields.

    Returns:
        The writes; None if the entry has these settings, or is missing or damaged.
    """
    stored = stored_settings(settings)
    document = snapshot.documents.get(snapshot.entry_path)
    if document is None or not has_sound_entry(snapshot):
        return None
    if document.get("settings") == stored:
        return None
    return Writes({snapshot.entry_path: {**document, "settings": stored}})


def timeout_writes(snapshot: Snapshot, now: datetime, settings: ModelSettings) -> Writes | None:
    """Return the error of an expired timeout; None if there is none, or it is written."""
    error = timeout_error(snapshot, now, settings)
    if error is None:
        return None
    stored = stored_settings(settings)
    return _entry(snapshot, replace(snapshot.entry, errors={SUBARRAY: error}, settings=stored))


def reached_writes(
    snapshot: Snapshot, command_count: int, settings: ModelSettings
) -> Writes | None:
    """Return the entry with ``reached``: a wait that is over stays over.

    Returns:
        The writes; None if ``command_count`` is not that of the last command, ``reached`` is set
        already, or the entry is damaged.
    """
    entry = snapshot.entry
    if entry.command_count != command_count or entry.reached:
        return None
    if not has_sound_entry(snapshot):
        return None
    return _entry(snapshot, replace(entry, reached=True, settings=stored_settings(settings)))


def admin_mode_writes(snapshot: Snapshot, mode: AdminMode) -> Writes:
    """Return a new adminMode; keep all other fields, including invalid ones.

    Raises:
        CommandRejected: the entry is not a JSON object.
    """
    snapshot.check_entry()
    stored = snapshot.documents.get(snapshot.entry_path)
    # The stored document, as the parsed one has no invalid eb_id: FAULT would end.
    document = Entry().document() if stored is None else under_present_names(stored)
    return Writes({snapshot.entry_path: {**document, "admin_mode": mode.name}})


def _entry(snapshot: Snapshot, entry: Entry) -> Writes:
    return Writes({snapshot.entry_path: entry.document()})
