"""Leases, and the one thread that keeps them alive."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from .common import ConfigConnectionError
from .store import Store

__all__ = ["Lease", "Leases", "SharedLease"]

LOGGER = logging.getLogger(__name__)


class Lease:
    """A promise of life: its keys are deleted when nobody keeps it alive for ``ttl`` seconds.

    A context manager that ends it. Kept alive by a thread of the library.

    Attributes:
        id: what the database calls it.
        ttl: seconds that it lives without being kept alive.
    """

    def __init__(self, leases: Leases, lease_id: int, ttl: int) -> None:
        self._leases = leases
        self.id = lease_id
        self.ttl = ttl
        self._good_until = time.monotonic() + ttl
        self._ended = threading.Event()

    def alive(self) -> bool:
        """Tell whether it was confirmed less than ``ttl`` seconds ago, and is not known lost."""
        return not self._ended.is_set() and time.monotonic() < self._good_until

    def revoke(self) -> None:
        """End it, and delete its keys.

        Raises:
            ConfigConnectionError: the database does not answer; it ends after its ttl.
        """
        self._leases.revoke(self)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.revoke()

    def confirm(self, when: float) -> None:
        """Take notice that it was alive at a time of the monotonic clock."""
        self._good_until = max(self._good_until, when + self.ttl)

    def end(self) -> None:
        """Take notice that it has ended."""
        self._ended.set()


class Leases:
    """The leases of one store. Its thread runs while there are any.

    Args:
        store: where they are.
        lost: is called when a lease was lost.
    """

    def __init__(self, store: Store, lost: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._lost = lost
        self._live: list[Lease] = []
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def grant(self, ttl: int) -> Lease:
        """Get a new lease.

        Args:
            ttl: seconds that it lives without being kept alive, at least 1.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        asked = time.monotonic()
        lease = Lease(self, self._store.grant_lease(ttl, timeout=self._store.timeout), ttl)
        lease.confirm(asked)
        with self._change:
            self._live.append(lease)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._keep_alive, name="config-leases", daemon=True
                )
                self._thread.start()
            self._change.notify()
        return lease

    def revoke(self, lease: Lease) -> None:
        """End a lease; see Lease.revoke."""
        with self._change:
            if lease in self._live:
                self._live.remove(lease)
            self._change.notify()
        was_alive = lease.alive()
        lease.end()
        if was_alive:
            self._store.revoke_lease(lease.id, timeout=self._store.timeout)

    def forget(self, lease: Lease) -> None:
        """Take notice that a lease has ended."""
        lease.end()
        with self._change:
            if lease in self._live:
                self._live.remove(lease)
        self._lost()

    def close(self) -> None:
        """End all leases, as far as the database can be told at once."""
        with self._change:
            live, self._live = self._live, []
            self._closed = True
            self._change.notify()
            thread = self._thread
        for lease in live:
            if not lease.alive():
                continue
            lease.end()
            try:
                self._store.revoke_lease(lease.id, timeout=min(1.0, self._store.timeout))
            except ConfigConnectionError as exc:
                LOGGER.info("A lease is left to end by itself after %d s: %s", lease.ttl, exc)
                break
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _keep_alive(self) -> None:
        due = 0.0
        while True:
            with self._change:
                if not self._live or self._closed:
                    self._thread = None
                    return
                pause = min(lease.ttl for lease in self._live) / 3
                if due + pause > time.monotonic():
                    self._change.wait(due + pause - time.monotonic())
                    continue
                live = list(self._live)
            due = time.monotonic()
            for lease in live:
                self._refresh(lease)

    def _refresh(self, lease: Lease) -> None:
        asked = time.monotonic()
        try:
            alive = self._store.keep_lease(lease.id, timeout=max(0.5, lease.ttl / 3))
        except ConfigConnectionError as exc:
            if lease.alive():
                LOGGER.debug("Lease %x could not be kept alive just now: %s", lease.id, exc)
                return
            alive = False
        if alive:
            lease.confirm(asked)
            return
        LOGGER.error("Lease %x is lost, and the keys that lived by it.", lease.id)
        self.forget(lease)


class SharedLease:
    """The one lease by which a Config lives. Granted when it is first needed, and after a loss.

    Args:
        leases: where it comes from.
        ttl: seconds that its keys outlive this process.
    """

    def __init__(self, leases: Leases, ttl: int) -> None:
        self._leases = leases
        self._ttl = ttl
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._lost = False

    @property
    def is_lost(self) -> bool:
        """Whether it was lost, and nothing was taken anew since."""
        lease = self._lease
        return self._lost or (lease is not None and not lease.alive())

    def current(self) -> Lease:
        """Get the lease, or a new one after a loss.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        with self._lock:
            if self._lease is not None and not self._lease.alive():
                self._lost = True
                self._lease = None
            if self._lease is None:
                self._lease = self._leases.grant(self._ttl)
            return self._lease

    def take(self) -> Lease:
        """Get the lease for something to be owned by it: a loss before that is over."""
        lease = self.current()
        self._lost = False
        return lease

    def lease_id(self) -> int:
        """Get its id; see TokenLease."""
        return self.current().id

    def lease_ended(self, lease: int) -> None:
        """Take notice that the database no longer knows it; see TokenLease."""
        with self._lock:
            if self._lease is not None and self._lease.id == lease:
                self._leases.forget(self._lease)
                self._lost = True
                self._lease = None

    def revoke(self) -> None:
        """End it, and delete its keys; it is granted anew when it is needed again.

        Raises:
            ConfigConnectionError: the database does not answer; it ends after its ttl.
        """
        with self._lock:
            lease, self._lease = self._lease, None
        if lease is not None:
            lease.revoke()
