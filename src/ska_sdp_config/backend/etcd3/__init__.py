"""The backend ``etcd3``: etcd by gRPC."""

from __future__ import annotations

from typing import Any

from ..backend import Backend
from ..fork import on_fork
from .settings import Settings
from .store import Etcd3Store

__all__ = ["Etcd3Backend", "Settings"]


class Etcd3Backend(Backend):
    """Access to an etcd cluster by gRPC. It connects when it is first used.

    Args:
        arguments: host, port, protocol, cert, client_cert, client_key, username, password,
            timeout; see Settings.load, which adds the environment.

    Raises:
        ValueError: a setting is not valid; the message names it.
    """

    def __init__(self, **arguments: Any) -> None:
        settings = Settings.load(**arguments)
        super().__init__(lambda connection: Etcd3Store(settings, connection))
        on_fork(self)

    def leave_to_parent(self) -> None:
        """Forget what belongs to the process that this one was forked from; see Backend."""
        super().leave_to_parent()
        if isinstance(self.store, Etcd3Store):
            self.store.leave_to_parent()
