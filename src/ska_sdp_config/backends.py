"""Backends by name: the engine on one driver each."""

from __future__ import annotations

import inspect
import os
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ska_sdp_config.drivers.memory import Database, MemoryStore
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.interface import Store

if TYPE_CHECKING:
    from ska_sdp_config.drivers.etcd.channel import MakeChannel
    from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = [
    "Etcd3Backend",
    "Etcd3Revolution1Backend",
    "MemoryBackend",
    "backend_name",
    "check_reachable",
    "connect",
]


class _EtcdBackend(Backend):
    """Arguments of both etcd backends."""

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        *,
        max_retries: int | None = None,
        retry_time: float | None = None,
        **arguments: Any,
    ) -> None:
        # Imported on use, so that a program on another backend does not load it.
        from ska_sdp_config.drivers.etcd.settings import Settings

        if unknown := arguments.keys() - inspect.signature(Settings.load).parameters.keys():
            raise TypeError(
                f"Unknown argument {min(unknown)!r} of {type(self).__name__}: see Settings.load."
            )
        settings = Settings.load(host, port, **arguments)
        make_channel = self._channels(settings)

        def make_store(connection: Connection) -> Store:
            from ska_sdp_config.drivers.etcd.store import EtcdStore

            return EtcdStore(settings, connection, make_channel)

        super().__init__(make_store)

    @staticmethod
    @abstractmethod
    def _channels(settings: Settings) -> MakeChannel:
        """Return the function that creates the channels of the transport."""


class Etcd3Backend(_EtcdBackend):
    """etcd cluster over gRPC. It connects on first use.

    Args:
        host: see Settings.load.
        port: see Settings.load.
        max_retries: accepted for programs written for other releases, without effect: calls are
            retried until ``timeout`` expires.
        retry_time: accepted likewise.
        arguments: protocol, cert, client_cert, client_key, username, password,
            timeout; see Settings.load, which adds the environment.

    Raises:
        ValueError: a setting is invalid; the message names it.
    """

    @staticmethod
    def _channels(settings: Settings) -> MakeChannel:
        from ska_sdp_config.drivers.etcd.grpc.channel import grpc_channels

        return grpc_channels(settings)


class Etcd3Revolution1Backend(_EtcdBackend):
    """etcd cluster over its JSON gateway, for networks without HTTP/2. Connects on first use.

    A silent connection is detected within 10 s. Proxies named by the environment are not used.
    The arguments and errors are those of Etcd3Backend.

    Raises:
        ImportError: the package etcd3gw is not installed.
    """

    @staticmethod
    def _channels(settings: Settings) -> MakeChannel:
        try:
            from ska_sdp_config.drivers.etcd.gateway.channel import gateway_channels
        except ModuleNotFoundError as exc:
            raise ImportError(
                f"The backend etcd3_revolution1 needs the package {exc.name}: "
                "pip install 'ska-sdp-lmc[gateway]'."
            ) from exc
        return gateway_channels(settings)


class MemoryBackend(Backend):
    """Database in the memory of the process. Arguments of other backends are ignored.

    A forked child starts with empty databases.

    Args:
        database: the database, by default the one of the name.
        name: backends of the process with the same name share one database. Without a name it is
            the one that all others without a name share. It is kept until the process ends; give
            ``database`` for one that is not.

    Attributes:
        shared: the database without a name.
    """

    shared = Database()
    _named: ClassVar[dict[str, Database]] = {}

    def __init__(self, database: Database | None = None, *, name: str = "", **_: object) -> None:
        self.database = database or self._database_of(name)
        super().__init__(
            lambda connection: MemoryStore(self.database, connection), loses_answers=False
        )

    @classmethod
    def _database_of(cls, name: str) -> Database:
        if not name:
            return cls.shared
        # Atomic, so that two threads get the same one.
        return cls._named.setdefault(name, Database(name))

    @staticmethod
    def after_fork_in_child() -> None:
        """Replace the databases, whose locks a thread of the parent process may hold for ever.

        It is called before the child can start a thread, so all threads get the same ones.
        """
        MemoryBackend.shared = Database()
        MemoryBackend._named = {}


# Missing on systems without fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=MemoryBackend.after_fork_in_child)


_BACKENDS: dict[str, type[Backend]] = {
    "etcd3": Etcd3Backend,
    "etcd3_revolution1": Etcd3Revolution1Backend,
    "memory": MemoryBackend,
}


def backend_name() -> str:
    """Return the name of the backend that the environment selects."""
    return os.environ.get("SDP_CONFIG_BACKEND") or "etcd3"


def connect(name: str, /, **arguments: Any) -> Backend:
    """Create a backend, which connects on first use.

    Args:
        name: ``etcd3``, ``etcd3_revolution1`` or ``memory``.
        arguments: host, port and so on, or name of the backend ``memory``; see the backend.

    Raises:
        ValueError: the name is unknown, or an argument is invalid.
    """
    if name not in _BACKENDS:
        known = ", ".join(sorted(_BACKENDS))
        raise ValueError(f"Unknown backend {name!r}: SDP_CONFIG_BACKEND is one of {known}.")
    return _BACKENDS[name](**arguments)


def check_reachable(name: str) -> None:
    """Fail at once if no server of the database that the environment selects listens.

    A backend would retry until its timeout, as the database may be starting. A person at a
    terminal should not have to wait for that. It takes one short connection.

    Args:
        name: name of the backend.

    Raises:
        ConfigConnectionError: at all servers: connection refused.
        ValueError: a setting is invalid.
    """
    if not issubclass(_BACKENDS.get(name, Backend), _EtcdBackend):
        return
    from ska_sdp_config.drivers.etcd.reachability import check_listening
    from ska_sdp_config.drivers.etcd.settings import Settings

    check_listening(Settings.load())
