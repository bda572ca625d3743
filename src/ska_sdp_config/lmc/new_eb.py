"""Fields of a new execution block."""

from __future__ import annotations

from ska_sdp_config.lmc.states import Json
from ska_sdp_config.lmc.statuses import EB_ACTIVE

__all__ = ["new_eb_fields"]


def new_eb_fields() -> Json:
    """Return the fields that each new execution block has, besides its key, with their defaults.

    ``scans`` stays empty, as displays read it: the scans are in the state of the execution block.
    """
    return {
        "subarray_id": None,
        "context": {},
        "beams": [],
        "scan_types": [],
        "channels": [],
        "polarisations": [],
        "fields": [],
        "resources": {},
        "pb_realtime": [],
        "pb_batch": [],
        "pb_receive_addresses": None,
        "current_scan_type": None,
        "scan_id": None,
        "scans": [],
        "status": EB_ACTIVE,
    }
