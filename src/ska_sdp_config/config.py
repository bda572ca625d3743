"""The way in: one Config for a process, with its transactions, watchers and leases."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, overload

from ska_sdp_config.backends import connect
from ska_sdp_config.engine.backend import LEASE_TTL, Backend
from ska_sdp_config.engine.lease import Lease
from ska_sdp_config.engine.runner import MAX_RETRIES
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher, until_answered
from ska_sdp_config.lazy import names_of
from ska_sdp_config.presence import Presence
from ska_sdp_config.store.connection import ConnectionState, Listener
from ska_sdp_config.store.errors import ConfigConnectionError

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from ska_sdp_config.entity.owner import Owner
    from ska_sdp_config.operations.context import LeaseLike
    from ska_sdp_config.transaction import Transaction

    # "Config" alone means one whose loops yield transactions.
    Yielded = TypeVar("Yielded", default=Transaction, covariant=True)
else:
    from typing import TypeVar

    Yielded = TypeVar("Yielded", covariant=True)

__all__ = ["Config", "Transaction", "TxnWrapper"]

# The entities' models take a while to make, and a Config that is only made needs none.
__getattr__ = names_of(__name__, {"Transaction": "ska_sdp_config.transaction"})

TxnWrapper = Callable[["Transaction"], Any]
"""Makes what a loop over transactions yields (the seed's 2.3)."""

COLLECTIONS = {
    "pb": "processing_block",
    "eb": "execution_block",
    "deployment": "deployment",
    "script": "script",
    "flow": "flow",
    "dependency": "dependency",
}
"""Kinds of entities that can be owned, and the collections that they are in."""


def _owner_dict(owner: dict[str, Any] | Owner | None) -> dict[str, Any]:
    """Return an owner as it is stored, by default this process."""
    if not owner:
        return {"pid": os.getpid(), "hostname": socket.gethostname(), "command": list(sys.argv)}
    return owner if isinstance(owner, dict) else owner.to_dict()


class Config(Generic[Yielded]):
    """Access to the configuration database. It connects when it is first used.

    A context manager; one object serves many threads. What is not given as an argument comes
    from the environment (SDP_CONFIG_BACKEND, SDP_CONFIG_HOST and so on, spec 2.6).

    Args:
        backend: name of a backend, ``etcd3`` (default) or ``memory``, or a backend.
        global_prefix: a path that stands before the paths of all entities, such as ``/test``.
        owner: who owns what is taken, an Owner or a dict ``{pid, hostname, command}``; by default
            this process.
        component_name: name of the SDP component that this process is; it is kept present as
            ``/component/<name>/owner`` until the Config is closed. Of several processes of one
            name the last that began has the key, and when it ends one of the others.
        owned_entity: kind and key of an entity, such as ``("pb", pb_id)``, of which ownership is
            taken at once. It is not taken again by itself after the lease was lost.
        wrapper: is given each transaction; its result is what loops yield.
        cargs: host, port, protocol, cert, client_cert, client_key, username, password and
            timeout (seconds a call may take) of the backend.

    Raises:
        ValueError: an argument or an environment variable is not valid; names it.
        ConfigCollision: another process owns the entity that is to be owned.
        ConfigConnectionError: the database does not answer, and an entity is to be owned.
    """

    @overload
    def __init__(
        self: Config[Transaction],
        backend: str | Backend | None = None,
        global_prefix: str = "",
        owner: dict[str, Any] | Owner | None = None,
        component_name: str | None = None,
        wrapper: None = None,
        owned_entity: tuple[str, str] | None = None,
        **cargs: Any,
    ) -> None: ...

    @overload
    def __init__(
        self,
        backend: str | Backend | None = None,
        global_prefix: str = "",
        owner: dict[str, Any] | Owner | None = None,
        component_name: str | None = None,
        *,
        wrapper: Callable[[Transaction], Yielded],
        owned_entity: tuple[str, str] | None = None,
        **cargs: Any,
    ) -> None: ...

    def __init__(
        self,
        backend: str | Backend | None = None,
        global_prefix: str = "",
        owner: dict[str, Any] | Owner | None = None,
        component_name: str | None = None,
        wrapper: TxnWrapper | None = None,
        owned_entity: tuple[str, str] | None = None,
        **cargs: Any,
    ) -> None:
        if global_prefix and (not global_prefix.startswith("/") or global_prefix.endswith("/")):
            raise ValueError(
                f"The global prefix is {global_prefix!r}: begin it with '/', do not end it so."
            )
        if component_name:
            from ska_sdp_config.entity.common.ids import check_path_part

            check_path_part(component_name)
        if owned_entity and owned_entity[0] not in COLLECTIONS:
            known = ", ".join(COLLECTIONS)
            raise ValueError(
                f"An owned entity is of kind {owned_entity[0]!r}: write one of {known}."
            )
        is_own_backend = not isinstance(backend, Backend)
        if not isinstance(backend, Backend):
            backend = connect(backend or os.environ.get("SDP_CONFIG_BACKEND") or "etcd3", **cargs)
        self.backend = backend
        self.owner = _owner_dict(owner)
        self._taken: dict[str, LeaseLike] = {}
        self._prefix = global_prefix
        self._wrapper = wrapper
        self._presence: Presence | None = None
        had_lease = self.backend.client_lease.is_granted
        try:
            if component_name:
                self._presence = Presence(
                    self.backend, f"{global_prefix}/component/{component_name}/owner", self.owner
                )
            if owned_entity:
                self._own(*owned_entity)
        except BaseException:
            # The caller gets no Config to close. A lease would be kept alive without end.
            if is_own_backend:
                self.close()
            else:
                self._leave_backend(revoke=not had_lease)
            raise

    @property
    def _backend(self) -> Backend:
        """The backend, by the name that programs of earlier releases use."""
        return self.backend

    # Transactions and watchers

    def txn(
        self,
        max_retries: int = MAX_RETRIES,
        prefetch: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Iterator[Yielded]:
        """Loop over attempts at a transaction, until one commits.

        The body sees one snapshot and its own writes, and may run several times: what it does
        besides must bear that. An exception or ``break`` discards its writes.

        Args:
            max_retries: how often the body is run again because of others' commits.
            prefetch: paths to read with the first read, in the same round trip; one that ends
                with a slash means its children. What the body does not read is no conflict.
            timeout: seconds that all of it may take; by default only each call has a bound.

        Yields:
            A Transaction, or what the Config's wrapper makes of it.

        Raises:
            RuntimeError: others were faster at every attempt; names the keys in dispute.
            ConfigConnectionError: the database does not answer; nothing was written.
            ConfigRefused: the database will not, as it is full, say; nothing was written.
            CommitUnknown: the database did not say whether the commit took effect.
            TransactionTooLarge: the transaction is over a bound of the server, which it names;
                nothing was written.
            LeaseNotFound: something was created under a lease that has ended; nothing was
                written.
        """
        for txn in self.backend.txn(max_retries, prefetch, timeout):
            yield self._wrap(txn, self._take)

    def watcher(self, timeout: float | None = None) -> Watcher[Yielded]:
        """Loop, at once and whenever something that its transactions have read has changed.

        Args:
            timeout: seconds after which it turns in any case; None for never.

        Returns:
            An iterable whose items have ``txn``, ``set_timeout``, ``set_wake_up_at`` and
            ``trigger``.
        """
        store, take = self.backend.store, self.backend.client_lease.take

        def take_patiently(raw: Txn) -> Lease:
            # A body that takes ownership waits for the database as its reads do.
            try:
                return until_answered(store, take, raw.deadline)
            except ConfigConnectionError:
                raw.is_incomplete = True
                raise

        return Watcher(self.backend, lambda raw: self._wrap(raw, take_patiently), timeout)

    # Life and ownership

    def lease(self, ttl: int = LEASE_TTL) -> Lease:
        """Get a lease, kept alive by a thread; a context manager that ends it.

        Args:
            ttl: seconds that its keys outlive this process.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        return self.backend.lease(ttl)

    @property
    def client_lease(self) -> Lease:
        """The lease by which this Config lives, granted when it is first needed.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        return self.backend.client_lease.current()

    @property
    def lease_is_lost(self) -> bool:
        """Whether the client lease was lost, and nothing was taken anew since."""
        return self.backend.client_lease.is_lost

    def revoke_lease(self) -> None:
        """End the client lease: what this Config owns is given up.

        Raises:
            ConfigConnectionError: the database does not answer; the lease ends by itself.
        """
        self.backend.client_lease.revoke()

    @property
    def alive_key(self) -> str | None:
        """The path of the component's key; None if this Config has no component name."""
        return None if self._presence is None else self._presence.path

    def set_alive(self) -> None:
        """Put the component's key now, if it is not there; it is looked for every second anyway.

        Raises:
            ValueError: this Config has no component name.
            ConfigConnectionError: the database does not answer.
        """
        self._its_presence().put()

    def is_alive(self) -> bool:
        """Tell whether the component's key is there.

        Raises:
            ValueError: this Config has no component name.
            ConfigConnectionError: the database does not answer.
        """
        return self._its_presence().is_there()

    # The connection

    @property
    def connection_state(self) -> ConnectionState:
        """What the connection is doing: ``connected``, ``suspended`` or ``lost``.

        Connected: the last call or watch was answered. Suspended: none was yet, a call failed,
        or a watch fell silent. Lost: the client lease has expired, or it was suspended for
        longer than that lease lives.
        """
        return self.backend.connection.state

    @property
    def last_answer(self) -> datetime | None:
        """When the database answered last, in UTC; None if it never did."""
        answered = self.backend.connection.last_answer
        return None if answered is None else datetime.fromtimestamp(answered, timezone.utc)

    def on_connection_state(self, listener: Listener) -> None:
        """Have each change of the connection's state told, in order, on the library's thread."""
        self.backend.connection.listen(listener)

    def close(self) -> None:
        """Give up what is owned, end loops that wait for the database, free all resources."""
        if self._presence is not None:
            self._presence.close()
        self.backend.close()
        if self._presence is not None:
            self._presence.join()

    def __enter__(self) -> Config[Yielded]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, raw: Txn) -> Lease:
        return self.backend.client_lease.take(raw.deadline.next_call())

    def _wrap(self, raw: Txn, take: Callable[[Txn], Lease]) -> Any:
        txn = self._transaction(raw, take)
        return self._wrapper(txn) if self._wrapper else txn

    def _own(self, kind: str, key: str) -> None:
        for raw in self.backend.txn():
            txn = self._transaction(raw, self._take)
            getattr(txn, COLLECTIONS[kind]).ownership(key).take()

    def _leave_backend(self, *, revoke: bool) -> None:
        """Free what the constructor began on a backend that others use."""
        if self._presence is not None:
            self._presence.close()
            self._presence.join()
        if revoke:
            with suppress(ConfigConnectionError):
                self.revoke_lease()

    def _transaction(self, raw: Txn, take: Callable[[Txn], Lease]) -> Transaction:
        from ska_sdp_config.transaction import Transaction

        return Transaction(raw, self.owner, self._prefix, lambda: take(raw), self._taken)

    def _its_presence(self) -> Presence:
        if self._presence is None:
            raise ValueError("This Config has no component: make it with component_name=….")
        return self._presence
