"""Known statuses of entities. A program may write others, which are read like these."""

from __future__ import annotations

from typing import Literal

__all__ = ["DependencyStatus", "EbStatus", "FlowStatus", "PbStatus", "PodStatus"]

PbStatus = Literal[
    "STARTING", "WAITING", "RUNNING", "READY", "FINISHED", "CANCELLING", "CANCELLED", "FAILED"
]
"""Known statuses of processing blocks."""

EbStatus = Literal["ACTIVE", "FINISHED", "CANCELLED"]
"""Known statuses of execution blocks."""

PodStatus = Literal["PENDING", "RUNNING", "FINISHED", "CANCELLED", "FAILED", "UNSET"]
"""Known statuses of the pods of a deployment."""

FlowStatus = Literal[
    "WAITING",
    "PENDING",
    "INITIALISED",
    "FLOWING",
    "COMPLETED",
    "INCOMPLETE",
    "FAILED",
    "DELETING",
    "DELETED",
]
"""Known statuses of flows."""

DependencyStatus = Literal["WORKING", "FINISHED", "FAILED"]
"""Known statuses of dependencies."""
