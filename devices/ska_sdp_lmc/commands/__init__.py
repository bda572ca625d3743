"""Commands of the subarray: functions from a snapshot to writes."""

from __future__ import annotations

from datetime import datetime

from ska_sdp_config.lmc.settings import SubarraySettings
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_lmc.commands import observing, recovery, resourcing
from ska_sdp_lmc.commands.resourcing import message_paths
from ska_sdp_lmc.commands.write_builder import WriteBuilder
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
        snapshot: documents of the subarray.
        message: argument of the command, None for a command without one.
        now: current time, with a time zone.
        settings: settings of the subarray.
        transaction_id: transaction ID to store.

    Returns:
        The writes of the command.

    Raises:
        CommandRejected: a rule rejects the command.
    """
    builder = WriteBuilder(snapshot, command, now, settings, transaction_id)
    match command, message:
        case "AssignResources", AssignResources():
            resourcing.assign_resources(builder, message, settings)
        case "ReleaseResources", ReleaseResources():
            resourcing.release_resources(builder, message)
        case "Configure", Configure():
            observing.configure(builder, message)
        case "Scan", Scan():
            observing.scan(builder, message)
        case _, None:
            _WITHOUT_MESSAGE[command](builder)
        case _:
            raise TypeError(f"{command} does not take a message of {type(message).__name__}.")
    return builder.finish()
