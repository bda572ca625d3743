"""Entry point of the library: transactions, watchers and leases of one process."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

from ska_sdp_config.backends import backend_name, connect
from ska_sdp_config.engine.backend import LEASE_TTL, Backend
from ska_sdp_config.engine.lease import Lease
from ska_sdp_config.engine.runner import MAX_RETRIES
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watcher import Watcher, until_answered
from ska_sdp_config.lazy import names_of
from ska_sdp_config.operations.context import Context, LeaseLike
from ska_sdp_config.presence import Presence
from ska_sdp_config.store.connection import ConnectionState, Listener
from ska_sdp_config.store.errors import ConfigConnectionError

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from ska_sdp_config.entity.owner import Owner
    from ska_sdp_config.transaction import Transaction

    # "Config" alone means one whose loops yield transactions.
    Yielded = TypeVar("Yielded", default=Transaction, covariant=True)
else:
    from typing import TypeVar

    Yielded = TypeVar("Yielded", covariant=True)

__all__ = ["Config", "Transaction", "TxnWrapper"]

# Creating the models of the entities is slow, and a Config without transactions needs none.
__getattr__, __dir__ = names_of(__name__, {"Transaction": "ska_sdp_config.transaction"})

TxnWrapper = Callable[["Transaction"], Any]
"""Converts a transaction to the object that a loop over transactions yields."""

COLLECTIONS = {
    "pb": "processing_block",
    "eb": "execution_block",
    "deployment": "deployment",
    "script": "script",
    "flow": "flow",
    "dependency": "dependency",
}
"""Kinds of entities that can be owned, and the names of their collections."""


def _owner_dict(owner: dict[str, Any] | Owner | None) -> dict[str, Any]:
    """Return the stored form of an owner, by default of this process."""
    if not owner:
        return {"pid": os.getpid(), "hostname": socket.gethostname(), "command": list(sys.argv)}
    return owner if isinstance(owner, dict) else owner.to_dict()


class Config(Generic[Yielded]):
    """Access to the configuration database. It connects on first use.

    A context manager; safe for use by several threads, but not in a forked child: create another
    Config there. Arguments default to the environment
    (SDP_CONFIG_BACKEND, SDP_CONFIG_HOST and so on; see docs/reference/settings.md).

    Calls raise ConfigConnectionError if the database does not respond.

    Args:
        backend: name of a backend, ``etcd3`` (default) or ``memory``, or a backend.
        global_prefix: prefix of the paths of all entities, such as ``/test``.
        owner: the owner of keys that are taken, an Owner or a dict ``{pid, hostname, command}``;
            by default this process.
        component_name: name of the SDP component of this process. The key
            ``/component/<name>/owner`` is kept present until the Config is closed. Of several
            processes with the same name the one started last holds the key; when it ends,
            another one writes it.
        owned_entity: kind and key of an entity, such as ``("pb", pb_id)``, whose ownership is
            taken in the constructor. It is not taken again automatically after a lost lease.
        wrapper: converts each transaction to the object that loops yield.
        cargs: host, port, protocol, cert, client_cert, client_key, username, password and
            timeout (seconds per call) of the backend. The backend ``memory`` takes name:
            the same name is the same database of the process.

    Raises:
        ValueError: an argument or an environment variable is invalid; the message names it.
        ConfigCollision: another process owns the entity ``owned_entity``.
        ConfigConnectionError: the database does not respond, and ``owned_entity`` is given.
    """

    def __init__(
        self,
        backend: str | Backend | None = None,
        global_prefix: str = "",
        owner: dict[str, Any] | Owner | None = None,
        component_name: str | None = None,
        wrapper: Callable[[Transaction], Yielded] | None = None,
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
            backend = connect(backend or backend_name(), **cargs)
        self._backend = backend
        self.owner = _owner_dict(owner)
        self._taken: dict[str, LeaseLike] = {}
        self._unreadable: dict[str, int] = {}
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
            # Also on Ctrl-C: the caller has no Config to close, and the lease would be kept alive
            # forever.
            if is_own_backend:
                self.close()
            else:
                self._release_shared_backend(revoke=not had_lease)
            raise

    @property
    def backend(self) -> Backend:
        """The backend.

        Raises:
            ForkedProcessError: this process is a forked child of the one that created the Config.
        """
        # The calls of a Config use this property, so each of them makes this check.
        self._backend.creator.check()
        return self._backend

    # Transactions and watchers

    def txn(
        self,
        max_retries: int = MAX_RETRIES,
        prefetch: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Iterator[Yielded]:
        """Loop over attempts at a transaction until one commits.

        The body reads from one snapshot and its own writes. It may run several times, so other
        side effects must be repeatable. An exception or ``break`` discards the writes.

        Args:
            max_retries: maximum number of retries after conflicts.
            prefetch: paths to read with the first read, in the same round trip; a path with a
                trailing slash means its children. Paths that the body does not read cause no
                conflict.
            timeout: seconds for the whole loop; by default only single calls are limited. A
                repetition by ``Transaction.loop`` starts a new one, as it does new retries.

        Yields:
            A Transaction, or the object that the wrapper returns for it.

        Raises:
            RuntimeError: all attempts had conflicts; the message names the keys.
            ConfigConnectionError: the database does not respond; nothing was written.
            ConfigRefused: the database rejected the request, e.g. quota exceeded; nothing was
                written.
            CommitUnknown: it is unknown whether the commit took effect.
            TransactionTooLarge: the transaction exceeds a limit of the server, which the message
                names; nothing was written.
            LeaseNotFound: a key was created with an expired lease; nothing was written.
        """
        for txn in self.backend.txn(max_retries, prefetch, timeout):
            yield self._wrap(txn, self._take)

    def watcher(
        self, timeout: float | None = None, follow: Iterable[str] = ()
    ) -> Watcher[Yielded]:
        """Loop immediately, and after each change of a key that its transactions have read.

        Args:
            timeout: maximum seconds between two iterations; None for no limit.
            follow: prefixes of paths, such as ``/pb/``, at any depth. Each change of a path that
                begins with one of them starts an iteration too, and is in ``changed``. They are
                whole paths, and so are those in ``changed``: with the global prefix, if there is
                one.

        Returns:
            An iterable whose items have ``txn``, ``changed``, ``set_timeout``, ``set_wake_up_at``
            and ``trigger``.

        Raises:
            TypeError: ``follow`` is a string.
        """

        def take_with_retries(raw: Txn) -> Lease:
            # Taking ownership in a watcher waits for the database in the same way as reads.
            backend = self.backend
            try:
                return until_answered(backend.store, backend.client_lease.take, raw.deadline)
            except ConfigConnectionError:
                raw.is_incomplete = True
                raise

        return Watcher(
            self.backend, lambda raw: self._wrap(raw, take_with_retries), timeout, follow
        )

    # Lease and component

    def lease(self, ttl: int = LEASE_TTL) -> Lease:
        """Grant a lease that a thread keeps alive; a context manager that revokes it.

        Args:
            ttl: seconds for which its keys remain after this process ends.
        """
        return self.backend.lease(ttl)

    @property
    def client_lease(self) -> Lease:
        """The lease of this Config, granted on first use."""
        return self.backend.client_lease.current()

    @property
    def lease_is_lost(self) -> bool:
        """Whether the client lease was lost, and nothing has been taken since."""
        return self.backend.client_lease.is_lost

    def revoke_lease(self) -> None:
        """Revoke the client lease, which deletes all keys that this Config owns.

        Raises:
            ConfigConnectionError: the database does not respond; the lease will expire.
        """
        self.backend.client_lease.revoke()

    @property
    def alive_key(self) -> str | None:
        """The path of the component key; None without a component name."""
        return None if self._presence is None else self._presence.path

    def set_alive(self) -> None:
        """Write the component key now if it is missing; a thread checks this every second.

        Raises:
            ValueError: this Config has no component name.
        """
        self._require_presence().put()

    def is_alive(self) -> bool:
        """Return whether the component key exists.

        Raises:
            ValueError: this Config has no component name.
        """
        return self._require_presence().is_there()

    # Connection

    @property
    def connection_state(self) -> ConnectionState:
        """The state of the connection: ``connected``, ``suspended`` or ``lost``.

        Connected: the last call or watch had a response. Suspended: there was no response yet, a
        call failed or a watch stalled. Lost: the client lease has expired, or the connection was
        suspended for longer than the time to live of that lease.
        """
        return self.backend.connection.state

    @property
    def last_answer(self) -> datetime | None:
        """Time of the last response of the database, in UTC; None before the first."""
        answered = self.backend.connection.last_answer
        return None if answered is None else datetime.fromtimestamp(answered, timezone.utc)

    def on_connection_state(self, listener: Listener) -> None:
        """Call a listener on each change of the connection state, on a library thread."""
        self.backend.connection.listen(listener)

    def close(self) -> None:
        """Release owned keys, end loops that wait for the database, and release all resources.

        Does nothing in a forked child.
        """
        if not self._backend.creator.is_current:
            return
        if self._presence is not None:
            self._presence.close()
        self._backend.close()
        if self._presence is not None:
            self._presence.join()

    def __repr__(self) -> str:
        prefix = f", global_prefix={self._prefix!r}" if self._prefix else ""
        return f"Config({self._backend.address!r}{prefix})"

    def __enter__(self) -> Config[Yielded]:
        return self

    def __exit__(self, *_: object) -> None:
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

    def _release_shared_backend(self, *, revoke: bool) -> None:
        """Release the resources that the constructor created on a backend that the caller owns."""
        if self._presence is not None:
            self._presence.close()
            self._presence.join()
        if revoke:
            with suppress(ConfigConnectionError):
                self.revoke_lease()

    def _transaction(self, raw: Txn, take: Callable[[Txn], Lease]) -> Transaction:
        from ska_sdp_config.transaction import Transaction

        lease = partial(take, raw)
        return Transaction(
            Context(raw, self._prefix, self.owner, lease, self._taken, self._unreadable)
        )

    def _require_presence(self) -> Presence:
        if self._presence is None:
            raise ValueError("This Config has no component: create it with component_name=….")
        return self._presence
