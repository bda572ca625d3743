"""Decision of a subarray's command by its name."""

from __future__ import annotations

from datetime import datetime

from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_lmc import commands
from ska_sdp_lmc.commands import Message
from ska_sdp_lmc.devices.subarray import COMMANDS


def apply_command(
    name: str,
    snapshot: Snapshot,
    message: Message | None,
    now: datetime,
    settings: ModelSettings,
    transaction_id: str,
) -> Writes:
    decide = COMMANDS[name].decide
    assert decide is not None
    return commands.apply_command(name, decide, snapshot, message, now, settings, transaction_id)
