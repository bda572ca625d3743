"""Statuses of execution blocks, processing blocks and data flows."""

from __future__ import annotations

from ska_sdp_config.lmc.states import Json

__all__ = [
    "EB_ACTIVE",
    "EB_ENDED",
    "FLOW_DELETED",
    "PB_AT_WORK",
    "PB_ENDED",
    "PB_NOT_RESOURCED",
    "PB_STATUSES",
    "eb_status",
]

EB_ACTIVE = "ACTIVE"
"""Status of execution blocks that have not ended."""

EB_ENDED = ("FINISHED", "CANCELLED")
"""Final statuses of execution blocks."""

PB_ENDED = (*EB_ENDED, "FAILED")
"""Final statuses of processing blocks."""

PB_NOT_RESOURCED = ("STARTING", "WAITING", "CANCELLING", "CANCELLED")
"""Statuses of processing blocks that do not have their resources yet, or no longer."""

PB_AT_WORK = ("RUNNING", "READY")
"""Statuses of processing blocks at work. READY is that of a receive script that can receive."""

PB_STATUSES = ("STARTING", "WAITING", "RUNNING", "READY", "CANCELLING", *PB_ENDED)
"""Known statuses of processing blocks, in the order of their lives."""

FLOW_DELETED = "DELETED"
"""Status of a flow whose data are deleted."""


def eb_status(document: Json) -> str:
    """Return the status of an execution block: ACTIVE, FINISHED or CANCELLED.

    Older programs wrote an obsState or no status: these blocks are active.
    """
    status = document.get("status")
    return status if status in EB_ENDED else EB_ACTIVE
