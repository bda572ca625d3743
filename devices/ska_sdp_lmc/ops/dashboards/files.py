"""Files of the dashboards, for the devices of a site."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ska_sdp_lmc.ops.dashboards.overview import overview
from ska_sdp_lmc.ops.dashboards.subarray import subarray_dashboard
from ska_sdp_lmc.ops.tango_db.data import Registration

__all__ = ["dashboards"]


def dashboards(devices: Sequence[Registration]) -> Mapping[str, str]:
    """Return the text of each dashboard by its name.

    Args:
        devices: the controller and at least one subarray.
    """
    (controller,) = (each for each in devices if each.class_name == "SDPController")
    subarrays = [each for each in devices if each.class_name == "SDPSubarray"]
    documents = {
        "overview": overview(controller, subarrays),
        "subarray": subarray_dashboard(subarrays[0]),
    }
    return {name: json.dumps(document, indent=1) + "\n" for name, document in documents.items()}
