"""The databases that a Config can stand on, by name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .common import (
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

if TYPE_CHECKING:
    from .backend import Backend
    from .etcd3 import Etcd3Backend
    from .memory import MemoryBackend
    from .revolution1 import Etcd3Revolution1Backend

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

# Imported when asked for: a program on one backend does not pay for the others' clients.
_CLASSES = {
    "Etcd3Backend": ".etcd3",
    "Etcd3Revolution1Backend": ".revolution1",
    "MemoryBackend": ".memory",
}
_BY_NAME = {
    "etcd3": "Etcd3Backend",
    "etcd3_revolution1": "Etcd3Revolution1Backend",
    "memory": "MemoryBackend",
}


def __getattr__(name: str) -> Any:
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_CLASSES[name], __name__), name)


def connect(name: str, **arguments: Any) -> Backend:
    """Make a backend; it connects when it is first used.

    Args:
        name: ``etcd3``, ``etcd3_revolution1`` or ``memory``.
        arguments: host, port and so on; see the backend.

    Raises:
        ValueError: there is no backend of that name, or an argument is not valid.
    """
    if name not in _BY_NAME:
        known = ", ".join(sorted(_BY_NAME))
        raise ValueError(f"Unknown backend {name!r}: SDP_CONFIG_BACKEND is one of {known}.")
    backend: Backend = __getattr__(_BY_NAME[name])(**arguments)
    return backend
