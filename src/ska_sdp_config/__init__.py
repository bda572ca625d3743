"""Access to the configuration of a radio telescope's science data processor."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend.common import (
        CommitUnknown,
        ConfigCollision,
        ConfigConnectionError,
        ConfigVanished,
        TransactionTooLarge,
    )
    from .config import Config
    from .entity import Deployment, ExecutionBlock, ProcessingBlock, Script

    __version__: str

__all__ = [
    "CommitUnknown",
    "Config",
    "ConfigCollision",
    "ConfigConnectionError",
    "ConfigVanished",
    "Deployment",
    "ExecutionBlock",
    "ProcessingBlock",
    "Script",
    "TransactionTooLarge",
    "__version__",
]

# Names come when they are asked for (PEP 562), so that importing the package, as the command
# line does for its help, loads neither grpc nor pydantic.
_HOMES = {
    "Config": ".config",
    "Deployment": ".entity",
    "ExecutionBlock": ".entity",
    "ProcessingBlock": ".entity",
    "Script": ".entity",
    "CommitUnknown": ".backend.common",
    "ConfigCollision": ".backend.common",
    "ConfigConnectionError": ".backend.common",
    "ConfigVanished": ".backend.common",
    "TransactionTooLarge": ".backend.common",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("ska-sdp-lmc")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name], __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
