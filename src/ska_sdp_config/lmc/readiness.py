"""Waits of pending states for the processing blocks, and their timeouts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ska_sdp_config.lmc.blocks import ProcessingBlock
from ska_sdp_config.lmc.settings import ModelSettings
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.times import iso
from ska_sdp_config.lmc.transitions import TRANSITIONS, Pending, Wait

__all__ = [
    "counted_pbs",
    "deadline",
    "pending_of",
    "timeout_of",
    "timeout_sentence",
    "timeout_since",
    "waiting_for",
]


def pending_of(snapshot: Snapshot) -> Pending | None:
    """Return the wait of the last command, None if it is over or the command has none."""
    entry = snapshot.entry
    transition = TRANSITIONS.get(entry.last_command or "")
    if entry.reached or transition is None:
        return None
    return transition.pending


def counted_pbs(snapshot: Snapshot) -> list[ProcessingBlock]:
    """Return the real-time processing blocks without acknowledged failures."""
    acknowledged = snapshot.entry.acknowledged
    return [pb for pb in snapshot.realtime_pbs if not (pb.failed and pb.pb_id in acknowledged)]


def waiting_for(wait: Wait, snapshot: Snapshot, settings: ModelSettings) -> list[str]:
    """Return the unmet conditions of a wait: a phrase for each processing block that fails it."""
    phrases = _not_resourced if wait is Wait.RESOURCED else _not_configured
    return list(phrases(snapshot, settings))


def _not_resourced(snapshot: Snapshot, settings: ModelSettings) -> Iterator[str]:
    receive_pb = snapshot.receive_pb
    for pb in counted_pbs(snapshot):
        if not pb.resourced:
            yield (
                f"{pb.pb_id} is {pb.status} without its resources"
                if (not pb.resources_available)
                else f"{pb.pb_id} is {pb.status}"
            )
        elif pb.status == "FINISHED":
            continue
        elif receive_pb is None and settings.receive_scripts.search(pb.script_name):
            yield f"{pb.pb_id} is not yet named for receive addresses"
    if receive_pb is not None and not _has_addresses_if_needed(receive_pb, snapshot):
        yield f"{receive_pb.pb_id} has no receive addresses"


def _has_addresses_if_needed(pb: ProcessingBlock, snapshot: Snapshot) -> bool:
    is_acknowledged = pb.failed and pb.pb_id in snapshot.entry.acknowledged
    return pb.has_receive_addresses or pb.status == "FINISHED" or is_acknowledged


def _not_configured(snapshot: Snapshot, settings: ModelSettings) -> Iterator[str]:
    del settings
    for pb in counted_pbs(snapshot):
        if not pb.configured:
            yield f"the deployments of {pb.pb_id} are not ready"


def timeout_of(pending: Pending, settings: ModelSettings) -> float:
    """Return the timeout of a pending state in s, 0 for none."""
    seconds: float = getattr(settings, pending.timeout)
    return seconds


def deadline(snapshot: Snapshot, settings: ModelSettings) -> datetime | None:
    """Return when the wait of the last command times out, in UTC; None without wait or timeout."""
    pending = pending_of(snapshot)
    start = snapshot.entry.last_command_time
    if pending is None or start is None:
        return None
    seconds = timeout_of(pending, settings)
    try:
        return start + timedelta(seconds=seconds) if seconds > 0 else None
    except OverflowError:
        # last_command_time is close to the maximum of datetime.
        return None


def timeout_sentence(snapshot: Snapshot, pending: Pending, settings: ModelSettings) -> str:
    """Return the error of an expired timeout: command, seconds and what it waited for."""
    seconds = f"{timeout_of(pending, settings):g}"
    waits = "; ".join(waiting_for(pending.until, snapshot, settings))
    return f"{_start(snapshot, pending)} within {seconds} s: {waits}"


def timeout_since(snapshot: Snapshot, text: str, settings: ModelSettings) -> datetime | None:
    """Return when a timeout expired that an error in the entry describes.

    Returns:
        Time in UTC, None if the error is not that of the last command's timeout.
    """
    pending = pending_of(snapshot)
    if pending is None or not text.startswith(_start(snapshot, pending)):
        return None
    return deadline(snapshot, settings)


def _start(snapshot: Snapshot, pending: Pending) -> str:
    entry = snapshot.entry
    when = f" of {iso(entry.last_command_time)}" if entry.last_command_time else ""
    return f"{entry.last_command}{when} was not {pending.until.value}"
