"""Dashboard of one subarray, which a variable selects."""

from __future__ import annotations

from typing import Any

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.ops.dashboards.document import WIDTH, Canvas
from ska_sdp_lmc.ops.dashboards.target import variable
from ska_sdp_lmc.ops.dashboards.widgets import (
    button,
    heading,
    lamp,
    lines,
    picker,
    state,
    text,
    time_line,
    value,
)
from ska_sdp_lmc.ops.tango_db.data import Registration

__all__ = ["OBSERVATION", "RECOVERY", "VARIABLE", "subarray_dashboard"]

VARIABLE = "Subarray"
TIME_LINE_S = 3600

_SCHEMA = "https://schema.skao.int/ska-sdp-"

OBSERVATION = {
    "On": None,
    "AssignResources": None,
    "Configure": f'{{"interface": "{_SCHEMA}configure/1.0", "scan_type": "science"}}',
    "Scan": f'{{"interface": "{_SCHEMA}scan/1.0", "scan_id": 1}}',
    "EndScan": None,
    "End": None,
    "ReleaseResources": (
        f'{{"interface": "{_SCHEMA}releaseres/1.0", "resources": {{"receptors": ["SKA001"]}}}}'
    ),
    "ReleaseAllResources": None,
    "Off": None,
}
"""Commands of an observation in their order, with a suggested argument.

AssignResources has none, as IDs of blocks can be used once only.
"""

RECOVERY = {
    "Abort": "Stops the current activity, to ABORTED.",
    "ObsReset": "After ABORTED or FAULT: back to IDLE.",
    "Restart": "After ABORTED or FAULT: back to EMPTY, without the execution block.",
}
"""Commands that end a failure, with their effect."""


def subarray_dashboard(first: Registration) -> dict[str, Any]:
    """Return the dashboard; it shows the given subarray until the user picks another."""
    subarray = variable(VARIABLE, SDPSubarray)
    canvas = Canvas()
    canvas.row(4, (100, heading("Subarray", size=1.6)), (60, picker("Subarray", VARIABLE)))
    canvas.row(
        4,
        (40, state(subarray, with_name=True)),
        (8, lamp(subarray, "obsState", ObsState.FAULT)),
        (40, value(subarray, "obsState")),
        (36, value(subarray, "healthState")),
        (36, value(subarray, "adminMode")),
    )
    canvas.row(4, (WIDTH, value(subarray, "Status")))
    canvas.row(14, (80, lines(subarray, "healthInfo")), (80, value(subarray, "errorMessages")))
    canvas.row(4, (WIDTH, heading("Observation")))
    canvas.row(
        4,
        (70, value(subarray, "ebID")),
        (50, value(subarray, "scanType")),
        (40, value(subarray, "scanID")),
    )
    canvas.row(24, *((80, value(subarray, name)) for name in ("ebState", "pbState")))
    canvas.row(30, *((80, value(subarray, name)) for name in ("resources", "receiveAddresses")))
    canvas.row(4, (WIDTH, heading("Last accepted command")))
    canvas.row(
        4,
        *(
            (40, value(subarray, name))
            for name in ("lastCommand", "transactionID", "commandedState", "commandedObsState")
        ),
    )
    canvas.row(4, (WIDTH, heading("The last hour")))
    canvas.row(30, (WIDTH, time_line([subarray], ["obsState", "healthState"], TIME_LINE_S)))
    canvas.row(4, (WIDTH, heading("Commands: each button asks for a confirmation")))
    for name, argument in OBSERVATION.items():
        canvas.row(5, (80, button(subarray, name, argument)))
    canvas.row(4, (WIDTH, heading("Recovery")))
    for name, effect in RECOVERY.items():
        canvas.row(5, (40, button(subarray, name)), (120, text(effect)))
    return canvas.document(
        "SDP subarray",
        {"name": VARIABLE, "class": SDPSubarray.__name__, "device": first.device},
    )
