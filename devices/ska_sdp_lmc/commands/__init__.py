"""Commands of the subarray: functions from a snapshot to writes."""

from ska_sdp_lmc.commands.resourcing import message_paths
from ska_sdp_lmc.commands.write_builder import Message, apply_command

__all__ = ["Message", "apply_command", "message_paths"]
