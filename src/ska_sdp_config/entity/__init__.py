"""What is stored, as models; see spec 2a."""

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
