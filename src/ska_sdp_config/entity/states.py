"""Types of the states of entities and their known statuses, for type checkers.

At run time a state is a dict that is not validated: a status or field that is not here is stored
and read like the others.
"""

from __future__ import annotations

from typing import Any, TypedDict

from ska_sdp_config.statuses import (
    DependencyStatus,
    EbStatus,
    FlowStatus,
    PbStatus,
    PodStatus,
)

__all__ = [
    "DependencyState",
    "DependencyStatus",
    "DeploymentState",
    "EbStatus",
    "ExecutionBlockState",
    "FlowState",
    "FlowStatus",
    "PbStatus",
    "PodStatus",
    "ProcessingBlockState",
]


class ProcessingBlockState(TypedDict, total=False):
    """State of a processing block."""

    status: PbStatus
    resources_available: bool
    deployments_ready: bool
    deployments: dict[str, str] | None
    receive_addresses: dict[str, Any]
    reason: Any
    error_messages: str | list[Any] | dict[str, Any]
    last_updated: str


class ExecutionBlockState(TypedDict, total=False):
    """State of an execution block."""

    status: EbStatus
    scan_type: str | None
    scan_id: int | None
    scans: list[dict[str, Any]]
    scans_total: int
    last_updated: str


class DeploymentState(TypedDict, total=False):
    """State of a deployment."""

    num_pod: int
    pods: dict[str, PodStatus]


class FlowState(TypedDict, total=False):
    """State of a flow."""

    status: FlowStatus
    last_updated: float
    error_state: list[dict[str, Any]]
    size: float


class DependencyState(TypedDict, total=False):
    """State of a dependency."""

    status: DependencyStatus
