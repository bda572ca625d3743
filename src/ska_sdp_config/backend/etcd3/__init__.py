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
        host: see Settings.load.
        port: see Settings.load.
        max_retries: accepted for programs written for other releases, without effect: calls are
            repeated until ``timeout`` is over.
        retry_time: accepted likewise.
        arguments: protocol, cert, client_cert, client_key, username, password,
            timeout; see Settings.load, which adds the environment.

    Raises:
        ValueError: a setting is not valid; the message names it.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        *,
        max_retries: int | None = None,
        retry_time: float | None = None,
        **arguments: Any,
    ) -> None:
        settings = Settings.load(host, port, **arguments)
        super().__init__(lambda connection: Etcd3Store(settings, connection))
        on_fork(self)

    def leave_to_parent(self) -> None:
        """Forget what belongs to the process that this one was forked from; see Backend."""
        super().leave_to_parent()
        if isinstance(self.store, Etcd3Store):
            self.store.leave_to_parent()
