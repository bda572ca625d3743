"""The commands of the subarray: each a function of a snapshot, giving what is to be written."""

from __future__ import annotations

from datetime import datetime

from ska_sdp_config.lmc.settings import SubarraySettings
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_lmc.commands import observing, recovery, resourcing
from ska_sdp_lmc.commands.change import Change
from ska_sdp_lmc.commands.resourcing import message_paths
from ska_sdp_lmc.messages.internal import AssignResources, Configure, ReleaseResources, Scan

__all__ = ["Message", "apply_command", "message_paths"]

Message = AssignResources | ReleaseResources | Configure | Scan

_WITHOUT_MESSAGE = {
    "On": recovery.on,
    "Off": recovery.off,
    "ReleaseAllResources": resourcing.release_all_resources,
    "EndScan": observing.end_scan,
    "End": observing.end,
    "Abort": recovery.abort,
    "ObsReset": recovery.obs_reset,
    "Restart": recovery.restart,
}


def apply_command(
    command: str,
    snapshot: Snapshot,
    message: Message | None,
    now: datetime,
    settings: SubarraySettings,
    transaction_id: str,
) -> Writes:
    """Decide a command on a snapshot.

    Args:
        command: name of the command.
        snapshot: what is there.
        message: the command's argument, None for those that take none.
        now: the time, with a zone.
        settings: the subarray's settings.
        transaction_id: transaction id to be stored.

    Returns:
        What is to be written.

    Raises:
        CommandRejected: the command cannot be carried out; nothing is to be written.
    """
    change = Change(snapshot, command, now, settings, transaction_id)
    match command, message:
        case "AssignResources", AssignResources():
            resourcing.assign_resources(change, message, settings)
        case "ReleaseResources", ReleaseResources():
            resourcing.release_resources(change, message)
        case "Configure", Configure():
            observing.configure(change, message)
        case "Scan", Scan():
            observing.scan(change, message)
        case _, None:
            _WITHOUT_MESSAGE[command](change)
        case _:
            raise TypeError(f"{command} does not take a message of {type(message).__name__}.")
    return change.finish()
