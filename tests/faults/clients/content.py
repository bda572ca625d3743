"""Messages of observations under faults."""

from __future__ import annotations

from ska_sdp_sim.demo.content import Content
from tests.e2e.subarray import quick

__all__ = ["small"]

KINDS = ("realtime", "batch")


def small() -> Content:
    """Return new messages with one processing block of each kind, so that cores suffice.

    The simulator works for each block, and two cores run the whole stack.
    """
    content = quick()
    kept = {content.pb_ids(kind)[0] for kind in KINDS}
    blocks = content.message["processing_blocks"]
    content.message["processing_blocks"] = [each for each in blocks if each["pb_id"] in kept]
    return content
