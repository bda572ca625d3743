"""Dashboard of the controller and all subarrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_lmc.ops.dashboards.document import WIDTH, Canvas
from ska_sdp_lmc.ops.dashboards.target import target_of
from ska_sdp_lmc.ops.dashboards.widgets import (
    button,
    heading,
    lamp,
    lines,
    state,
    text,
    time_line,
    value,
)
from ska_sdp_lmc.ops.tango_db.data import Registration

__all__ = ["overview"]

TIME_LINE_S = 3600

_COLUMNS = {
    "device, State": 34,
    "FAULT": 8,
    "obsState": 20,
    "health": 20,
    "execution block": 36,
    "scan type": 24,
    "scan": 18,
}
"""Columns of the subarrays with their widths."""


def overview(controller: Registration, subarrays: Sequence[Registration]) -> dict[str, Any]:
    """Return the dashboard."""
    system = target_of(controller)
    canvas = Canvas()
    canvas.row(4, (WIDTH, heading(f"Science data processor: {controller.device}", size=1.6)))
    canvas.row(
        4,
        (50, state(system, with_name=True)),
        (8, lamp(system, "healthState", HealthState.FAILED)),
        (32, value(system, "healthState")),
        (35, value(system, "adminMode")),
        (35, value(system, "capacityBufferStorage")),
    )
    canvas.row(12, (80, lines(system, "healthInfo")), (80, value(system, "components")))
    canvas.row(
        5,
        *((30, button(system, name)) for name in ("On", "Standby", "Off")),
        (70, text("Each button asks for a confirmation.")),
    )
    canvas.row(4, (WIDTH, heading("Subarrays")))
    canvas.row(3, *((width, text(name)) for name, width in _COLUMNS.items()))
    widths = tuple(_COLUMNS.values())
    for subarray in subarrays:
        each = target_of(subarray)
        cells = (
            state(each, with_name=True),
            lamp(each, "obsState", ObsState.FAULT),
            *(
                value(each, name, with_label=False)
                for name in ("obsState", "healthState", "ebID", "scanType", "scanID")
            ),
        )
        canvas.row(4, *zip(widths, cells, strict=True))
        canvas.row(6, (WIDTH, lines(each, "healthInfo")))
    canvas.row(4, (WIDTH, heading("obsState in the last hour")))
    targets = [target_of(subarray) for subarray in subarrays]
    canvas.row(30, (WIDTH, time_line(targets, ["obsState"], TIME_LINE_S)))
    canvas.row(4, (80, heading("Execution blocks")), (80, heading("Processing blocks")))
    canvas.row(
        30,
        (80, value(system, "executionBlocks", with_label=False)),
        (80, value(system, "processingBlocks", with_label=False)),
    )
    return canvas.document("SDP overview")
