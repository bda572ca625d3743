"""Documented import path of the backends and of the errors that all of them raise."""

from ska_sdp_config.backends import (
    Etcd3Backend,
    Etcd3Revolution1Backend,
    MemoryBackend,
    connect,
)
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
    "Etcd3Backend",
    "Etcd3Revolution1Backend",
    "LeaseNotFound",
    "MemoryBackend",
    "TransactionTooLarge",
    "connect",
    "depth_of_path",
]
