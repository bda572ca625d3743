"""Documented import path of the errors that every backend raises."""

from ska_sdp_config.store.errors import (
    CommitUnknown,
    Compacted,
    ConfigCollision,
    ConfigConnectionError,
    ConfigRefused,
    ConfigVanished,
    LeaseNotFound,
    TransactionTooLarge,
    depth_of_path,
)

__all__ = [
    "CommitUnknown",
    "Compacted",
    "ConfigCollision",
    "ConfigConnectionError",
    "ConfigRefused",
    "ConfigVanished",
    "LeaseNotFound",
    "TransactionTooLarge",
    "depth_of_path",
]
