"""Backends by name: the engine on one driver each."""

from __future__ import annotations

from typing import Any

from ska_sdp_config.drivers.memory import Database, MemoryStore
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.fork import on_fork
from ska_sdp_config.store.interface import Store

__all__ = ["Etcd3Backend", "Etcd3Revolution1Backend", "MemoryBackend", "connect"]


class Etcd3Backend(Backend):
    """etcd cluster over gRPC. It connects when it is first used.

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
        # Imported here, so that a program on another backend does not load gRPC.
        from ska_sdp_config.drivers.etcd.grpc.store import Etcd3Store
        from ska_sdp_config.drivers.etcd.settings import Settings

        settings = Settings.load(host, port, **arguments)
        super().__init__(lambda connection: Etcd3Store(settings, connection))
        on_fork(self)

    def leave_to_parent(self) -> None:
        """Drop what belongs to the parent process after a fork."""
        from ska_sdp_config.drivers.etcd.grpc.store import Etcd3Store

        super().leave_to_parent()
        if isinstance(self.store, Etcd3Store):
            self.store.leave_to_parent()


class Etcd3Revolution1Backend(Backend):
    """etcd cluster over its JSON gateway, for networks that pass no HTTP/2.

    It connects when it is first used. A silent connection is detected within 10 s. Proxies
    named by the environment are not used.

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
        from ska_sdp_config.drivers.etcd.settings import Settings

        settings = Settings.load(host, port, **arguments)

        def make_store(connection: Connection) -> Store:
            try:
                from ska_sdp_config.drivers.etcd.gateway.store import GatewayStore
            except ModuleNotFoundError as exc:
                raise ImportError(
                    f"The backend etcd3_revolution1 needs the package {exc.name}: "
                    "pip install 'ska-sdp-lmc[gateway]'."
                ) from exc
            return GatewayStore(settings, connection)

        super().__init__(make_store)
        on_fork(self)

    def leave_to_parent(self) -> None:
        """Drop what belongs to the parent process after a fork."""
        from ska_sdp_config.drivers.etcd.gateway.store import GatewayStore

        super().leave_to_parent()
        if isinstance(self.store, GatewayStore):
            self.store.leave_to_parent()


class MemoryBackend(Backend):
    """Database in the memory of the process. Arguments of other backends are ignored.

    Args:
        database: the database, by default the one that the whole process shares.
    """

    shared = Database()

    def __init__(self, database: Database | None = None, **_: object) -> None:
        self.database = database or self.shared

        def make_store(connection: Connection) -> MemoryStore:
            return MemoryStore(self.database, connection)

        super().__init__(make_store, loses_answers=False)
        on_fork(self)

    def leave_to_parent(self) -> None:
        """Drop what belongs to the parent process after a fork."""
        super().leave_to_parent()
        if isinstance(self.store, MemoryStore):
            self.store.leave_to_parent()


_BACKENDS: dict[str, type[Backend]] = {
    "etcd3": Etcd3Backend,
    "etcd3_revolution1": Etcd3Revolution1Backend,
    "memory": MemoryBackend,
}


def connect(name: str, **arguments: Any) -> Backend:
    """Create a backend; it connects when it is first used.

    Args:
        name: ``etcd3``, ``etcd3_revolution1`` or ``memory``.
        arguments: host, port and so on; see the backend.

    Raises:
        ValueError: there is no backend of that name, or an argument is not valid.
    """
    if name not in _BACKENDS:
        known = ", ".join(sorted(_BACKENDS))
        raise ValueError(f"Unknown backend {name!r}: SDP_CONFIG_BACKEND is one of {known}.")
    return _BACKENDS[name](**arguments)
