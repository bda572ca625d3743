"""The backend ``etcd3_revolution1``: etcd by its JSON gateway, over HTTP 1 or HTTPS."""

from __future__ import annotations

from typing import Any

from ..backend import Backend
from ..connection_state import Connection
from ..etcd3.settings import Settings
from ..fork import on_fork
from ..store import Store

__all__ = ["Etcd3Revolution1Backend"]


class Etcd3Revolution1Backend(Backend):
    """Access to an etcd cluster where the network passes no HTTP 2. It connects when first used.

    What goes silent is noticed within 10 s. Proxies that the environment names are not used.

    Args:
        host: see Settings.load.
        port: see Settings.load.
        max_retries: accepted for programs written for other releases, without effect: calls are
            repeated until ``timeout`` is over.
        retry_time: accepted likewise.
        arguments: protocol, cert, client_cert, client_key, username, password,
            timeout; see Settings.load, which adds the environment.

    Raises:
        ImportError: the package etcd3gw is not installed.
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

        def make_store(connection: Connection) -> Store:
            try:
                from .store import GatewayStore
            except ModuleNotFoundError as exc:
                raise ImportError(
                    f"The backend etcd3_revolution1 needs the package {exc.name}: "
                    "pip install 'ska-sdp-lmc[gateway]'."
                ) from exc
            return GatewayStore(settings, connection)

        super().__init__(make_store)
        on_fork(self)

    def leave_to_parent(self) -> None:
        """Forget what belongs to the process that this one was forked from; see Backend."""
        from .store import GatewayStore

        super().leave_to_parent()
        if isinstance(self.store, GatewayStore):
            self.store.leave_to_parent()
