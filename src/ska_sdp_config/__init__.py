"""Access to the configuration of a radio telescope's science data processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ska_sdp_config.lazy import names_of

if TYPE_CHECKING:
    from ska_sdp_config.config import Config
    from ska_sdp_config.entity import Deployment, ExecutionBlock, ProcessingBlock, Script
    from ska_sdp_config.store.errors import (
        CommitUnknown,
        ConfigCollision,
        ConfigConnectionError,
        ConfigRefused,
        ConfigVanished,
        LeaseNotFound,
        TransactionTooLarge,
    )
    from ska_sdp_config.version import __version__

__all__ = [
    "CommitUnknown",
    "Config",
    "ConfigCollision",
    "ConfigConnectionError",
    "ConfigRefused",
    "ConfigVanished",
    "Deployment",
    "ExecutionBlock",
    "LeaseNotFound",
    "ProcessingBlock",
    "Script",
    "TransactionTooLarge",
    "__version__",
]

__getattr__ = names_of(
    __name__,
    {
        "Config": ".config",
        "Deployment": ".entity",
        "ExecutionBlock": ".entity",
        "ProcessingBlock": ".entity",
        "Script": ".entity",
        "CommitUnknown": ".backend.common",
        "ConfigCollision": ".backend.common",
        "ConfigConnectionError": ".backend.common",
        "ConfigRefused": ".backend.common",
        "ConfigVanished": ".backend.common",
        "LeaseNotFound": ".backend.common",
        "TransactionTooLarge": ".backend.common",
        "__version__": ".version",
    },
    submodules=("backend", "config", "entity"),
)
