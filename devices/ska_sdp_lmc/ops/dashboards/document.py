"""Dashboard of Taranta: widgets in their places, as JSON."""

from __future__ import annotations

from typing import Any

from ska_sdp_lmc.ops.dashboards.widgets import Widget

__all__ = ["WIDTH", "Canvas"]

WIDTH = 160
"""Width of a dashboard, in Taranta's unit of 10 pixels."""

TARANTA_VERSION = "2.14.0"
"""Version of Taranta that has these widgets."""

_TIME = "2026-01-01T00:00:00.000Z"
"""Time of creation: constant, so that files of the same devices are the same."""


class Canvas:
    """Dashboard that is filled from top to bottom."""

    def __init__(self) -> None:
        self._widgets: list[dict[str, Any]] = []
        self._y = 1

    def row(self, height: int, *cells: tuple[int, Widget]) -> None:
        """Add a row.

        Args:
            height: height of the row.
            cells: width of each widget, from left to right, and the widget.
        """
        x = 1
        for width, widget in cells:
            self._put(widget, x, self._y, width, height)
            x += width
        self._y += height

    def _put(self, widget: Widget, x: int, y: int, width: int, height: int) -> None:
        self._widgets.append(
            {
                "id": str(len(self._widgets) + 1),
                "type": widget.type,
                "canvas": "0",
                "x": x,
                "y": y,
                "width": width,
                "height": height,
                "order": len(self._widgets),
                "valid": 1,
                "inputs": widget.inputs,
            }
        )

    def document(self, name: str, *variables: dict[str, str]) -> dict[str, Any]:
        """Return the dashboard.

        Args:
            name: its name.
            variables: name, class and device of each variable.
        """
        return {
            "name": name,
            "version": TARANTA_VERSION,
            "user": "",
            "insertTime": _TIME,
            "updateTime": _TIME,
            "group": None,
            "groupWriteAccess": False,
            "lastUpdatedBy": "",
            "widget": self._widgets,
            "variables": [
                {"_id": f"{number:024x}", **variable}
                for number, variable in enumerate(variables, 1)
            ],
            "environment": ["*/*"],
        }
