"""Models of the stored entities; see docs/reference/database.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ska_sdp_config.lazy import names_of

if TYPE_CHECKING:
    from ska_sdp_config.entity.allocation import Allocation
    from ska_sdp_config.entity.deployment import Deployment
    from ska_sdp_config.entity.eb import ExecutionBlock
    from ska_sdp_config.entity.flow import Dependency, Flow, FlowSource
    from ska_sdp_config.entity.owner import Owner
    from ska_sdp_config.entity.pb import PBDependency, ProcessingBlock
    from ska_sdp_config.entity.request import Request
    from ska_sdp_config.entity.resource import Resource
    from ska_sdp_config.entity.script import Script
    from ska_sdp_config.entity.system import System

__all__ = [
    "Allocation",
    "Dependency",
    "Deployment",
    "ExecutionBlock",
    "Flow",
    "FlowSource",
    "Owner",
    "PBDependency",
    "ProcessingBlock",
    "Request",
    "Resource",
    "Script",
    "System",
]

__getattr__, __dir__ = names_of(
    __name__,
    {
        "Allocation": ".allocation",
        "Dependency": ".flow",
        "Deployment": ".deployment",
        "ExecutionBlock": ".eb",
        "Flow": ".flow",
        "FlowSource": ".flow",
        "Owner": ".owner",
        "PBDependency": ".pb",
        "ProcessingBlock": ".pb",
        "Request": ".request",
        "Resource": ".resource",
        "Script": ".script",
        "System": ".system",
    },
)
