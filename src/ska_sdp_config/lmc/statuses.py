"""Statuses of execution and processing blocks."""

from __future__ import annotations

from ska_sdp_config.lmc.states import Json

__all__ = ["EB_ENDED", "PB_ENDED", "eb_status"]

EB_ENDED = ("FINISHED", "CANCELLED")
"""Final statuses of execution blocks."""

PB_ENDED = (*EB_ENDED, "FAILED")
"""Final statuses of processing blocks."""


def eb_status(document: Json) -> str:
    """Return the status of an execution block: ACTIVE, FINISHED or CANCELLED.

    Older programs wrote an obsState or no status: these blocks are active.
    """
    status = document.get("status")
    return status if status in EB_ENDED else "ACTIVE"
