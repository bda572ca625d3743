"""Where random observations begin, and which way they mostly take."""

from __future__ import annotations

__all__ = ["FAVOURED", "STAGES", "WAYS"]

FAVOURED = (
    *["On"] * 5,
    *["AssignResources"] * 3,
    *["Configure", "Scan"] * 6,
    *["EndScan", "ObsReset"] * 3,
    *["ReleaseResources", "ReleaseAllResources", "End", "Abort", "Restart", "Off"],
)
"""What leads on comes more often: random ways seldom lead far."""

STAGES = ("resourced", "ready")
"""How far scripts go: their deployments are yet to be ready, or are."""

WAYS = (
    "On AssignResources ready Configure Scan",
    "On AssignResources ready Configure",
    "On AssignResources resourced Configure",
    "On AssignResources ready",
    "On AssignResources",
    "On AssignResources Abort ObsReset",
    "On AssignResources ready failed",
    "On AssignResources failed ObsReset resourced",
    "On AssignResources resourced Configure failed ObsReset Configure ready Scan",
    "On AssignResources Abort",
    "On",
    "",
)
"""Where examples begin."""
