"""What is stored, as models; see spec 2a."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import names_of

if TYPE_CHECKING:
    from .deployment import Deployment
    from .eb import ExecutionBlock
    from .flow import Dependency, Flow, FlowSource
    from .owner import Owner
    from .pb import PBDependency, ProcessingBlock
    from .script import Script

__all__ = [
    "Dependency",
    "Deployment",
    "ExecutionBlock",
    "Flow",
    "FlowSource",
    "Owner",
    "PBDependency",
    "ProcessingBlock",
    "Script",
]

__getattr__ = names_of(
    __name__,
    {
        "Dependency": ".flow",
        "Deployment": ".deployment",
        "ExecutionBlock": ".eb",
        "Flow": ".flow",
        "FlowSource": ".flow",
        "Owner": ".owner",
        "PBDependency": ".pb",
        "ProcessingBlock": ".pb",
        "Script": ".script",
    },
)
