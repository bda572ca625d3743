"""Initial steps and command weights of random observations."""

from __future__ import annotations

WEIGHTED_COMMANDS = (
    *["On"] * 5,
    *["AssignResources"] * 3,
    *["Configure", "Scan"] * 6,
    *["EndScan", "ObsReset"] * 3,
    *["ReleaseResources", "ReleaseAllResources", "End", "Abort", "Restart", "Off"],
)
"""Commands that advance an observation are more frequent: uniform choices rarely get far."""

STAGES = ("resourced", "ready")
"""Stages of scripts: deployments not ready yet, or ready."""

INITIAL_STEPS = (
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
"""Steps before the random ones."""
