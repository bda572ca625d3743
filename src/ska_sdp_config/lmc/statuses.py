"""Statuses of execution blocks, processing blocks and data flows."""

from __future__ import annotations

from typing import get_args

from ska_sdp_config.lmc.states import Json
from ska_sdp_config.statuses import EbStatus, FlowStatus, PbStatus

__all__ = [
    "EB_ACTIVE",
    "EB_ENDED",
    "EB_STATUSES",
    "FLOW_DELETED",
    "PB_AT_WORK",
    "PB_ENDED",
    "PB_NOT_RESOURCED",
    "PB_STATUSES",
    "eb_status",
]

EB_STATUSES: tuple[EbStatus, ...] = get_args(EbStatus)
"""Known statuses of execution blocks."""

EB_ACTIVE: EbStatus = "ACTIVE"
"""Status of execution blocks that have not ended."""

EB_ENDED: tuple[EbStatus, ...] = ("FINISHED", "CANCELLED")
"""Final statuses of execution blocks."""

PB_STATUSES: tuple[PbStatus, ...] = get_args(PbStatus)
"""Known statuses of processing blocks, in the order of a block's life."""

PB_ENDED: tuple[PbStatus, ...] = ("FINISHED", "CANCELLED", "FAILED")
"""Final statuses of processing blocks."""

PB_NOT_RESOURCED: tuple[PbStatus, ...] = ("STARTING", "WAITING", "CANCELLING", "CANCELLED")
"""Statuses of processing blocks that do not have their resources yet, or no longer."""

PB_AT_WORK: tuple[PbStatus, ...] = ("RUNNING", "READY")
"""Statuses of processing blocks at work. READY is that of a receive script that can receive."""

FLOW_DELETED: FlowStatus = "DELETED"
"""Status of a flow whose data are deleted."""


def eb_status(document: Json) -> EbStatus:
    """Return the status of an execution block: ACTIVE, FINISHED or CANCELLED.

    Older programs wrote an obsState or no status: these blocks are active.
    """
    status = document.get("status")
    return status if status in EB_ENDED else EB_ACTIVE
