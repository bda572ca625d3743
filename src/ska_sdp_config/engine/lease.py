"""Leases, and the thread that keeps them alive."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from ska_sdp_config.store.errors import ConfigConnectionError, closed_error
from ska_sdp_config.store.interface import Store

__all__ = ["Lease", "Leases", "SharedLease"]

LOGGER = logging.getLogger(__name__)

REFRESHES = 5
"""How often a lease is kept alive while it lives."""

LONGEST_PAUSE = 2.0
"""Seconds after which a lease is kept alive at the latest: by this, too, silence is noticed."""

LONGEST_TRY = 2.5
"""Seconds that it may take to keep a lease alive; with the pause, less than counts as silence."""


REFRESHED_AT_ONCE = 8
"""How many leases are refreshed at once; each beyond the first costs a thread meanwhile."""


class Lease:
    """A promise of life: its keys are deleted when nobody keeps it alive for ``ttl`` seconds.

    A context manager that ends it. Kept alive by a thread of the library.

    Attributes:
        id: what the database calls it.
        ttl: seconds that it lives without being kept alive.
        lost: is called when it was lost.
    """

    def __init__(
        self, leases: Leases, lease_id: int, ttl: int, asked: float, lost: Callable[[], None]
    ) -> None:
        self._leases = leases
        self.id = lease_id
        self.ttl = ttl
        self.lost = lost
        # Its time runs from before we heard of it.
        self._good_until = asked + ttl
        self._ended = threading.Event()

    def left(self) -> float:
        """Get the seconds that it lives if it is not kept alive."""
        return self._good_until - time.monotonic()

    def alive(self) -> bool:
        """Tell whether it was confirmed less than ``ttl`` seconds ago, and is not known lost."""
        return not self._ended.is_set() and self.left() > 0

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
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._live: list[Lease] = []
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def store(self) -> Store:
        """Where they are."""
        return self._store

    @property
    def is_closed(self) -> bool:
        """Whether no more are granted."""
        return self._closed

    def grant(
        self,
        ttl: int,
        lost: Callable[[], None] = lambda: None,
        *,
        timeout: float | None = None,
    ) -> Lease:
        """Get a new lease.

        Args:
            ttl: seconds that it lives without being kept alive, at least 1.
            lost: is called, from any thread, when it was lost.
            timeout: seconds that this may take, by default what any call may.

        Raises:
            ConfigConnectionError: the database does not answer, or this is closed.
        """
        if self._closed:
            raise closed_error()
        asked = time.monotonic()
        seconds = self._store.timeout if timeout is None else timeout
        granted = self._store.grant_lease(ttl, timeout=seconds)
        lease = Lease(self, granted, ttl, asked, lost)
        with self._change:
            if self._closed:
                # Meanwhile: nobody keeps it alive, so it ends by itself.
                lease.end()
                raise closed_error()
            if self._thread is None:
                # If it cannot be started, the lease ends by itself after its ttl.
                thread = threading.Thread(
                    target=self._keep_alive, name="config-leases", daemon=True
                )
                thread.start()
                self._thread = thread
            self._live.append(lease)
            self._change.notify()
        return lease

    def revoke(self, lease: Lease) -> None:
        """End a lease; see Lease.revoke."""
        if self._store.closed:
            return
        with self._change:
            if lease in self._live:
                self._live.remove(lease)
            self._change.notify()
        was_alive = lease.alive()
        lease.end()
        if was_alive:
            self._store.revoke_lease(lease.id, timeout=self._store.timeout)

    def forget(self, lease: Lease) -> None:
        """Take notice that a lease was lost."""
        with self._change:
            was_live = lease in self._live
            if was_live:
                self._live.remove(lease)
        lease.end()
        if was_live:
            LOGGER.error("Lease %x is lost, and the keys that lived by it.", lease.id)
            lease.lost()

    def end(self) -> None:
        """End all leases, as far as the database can be told at once; grant no more."""
        with self._change:
            live, self._live = self._live, []
            self._closed = True
            self._change.notify()
        for lease in live:
            if not lease.alive():
                continue
            lease.end()
            try:
                self._store.revoke_lease(lease.id, timeout=min(1.0, self._store.timeout))
            except ConfigConnectionError as exc:
                LOGGER.info("A lease is left to end by itself after %d s: %s", lease.ttl, exc)
                break

    def join(self) -> None:
        """Wait for the thread to end, after the store was closed."""
        with self._change:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def leave_to_parent(self) -> None:
        """Forget leases, threads and locks of the process that this one was forked from."""
        self._change = threading.Condition()
        self._thread = None
        for lease in self._live:
            lease.end()
        self._live = []

    def _keep_alive(self) -> None:
        due = 0.0
        while True:
            with self._change:
                if not self._live or self._closed:
                    self._thread = None
                    return
                shortest = min(lease.ttl for lease in self._live)
                pause = min(LONGEST_PAUSE, shortest / REFRESHES)
                if due + pause > time.monotonic():
                    self._change.wait(due + pause - time.monotonic())
                    continue
                live = list(self._live)
            due = time.monotonic()
            self._refresh_all(live)

    def _refresh_all(self, live: list[Lease]) -> None:
        """Refresh leases side by side: on a slow server the last would expire otherwise."""
        waiting = deque(sorted(live, key=Lease.left))

        def refresh_until_none_waits() -> None:
            with suppress(IndexError):
                while True:
                    self._refresh_safely(waiting.popleft())

        helpers: list[threading.Thread] = []
        # A thread that cannot be started only makes it slower.
        with suppress(RuntimeError):
            while len(helpers) < min(len(live), REFRESHED_AT_ONCE) - 1:
                helper = threading.Thread(
                    target=refresh_until_none_waits, name="config-leases", daemon=True
                )
                helper.start()
                helpers.append(helper)
        refresh_until_none_waits()
        for helper in helpers:
            helper.join()

    def _refresh_safely(self, lease: Lease) -> None:
        try:
            self._refresh(lease)
        except Exception:
            # Whatever it is: without this thread all leases end.
            LOGGER.exception("Keeping lease %x alive failed.", lease.id)
            if not lease.alive():
                self.forget(lease)

    def _refresh(self, lease: Lease) -> None:
        asked = time.monotonic()
        # What is not heard until it ends does not matter any more.
        timeout = max(0.1, min(LONGEST_TRY, lease.left()))
        try:
            alive = self._store.keep_lease(lease.id, timeout=timeout)
        except ConfigConnectionError as exc:
            if lease.alive():
                LOGGER.debug("Lease %x could not be kept alive just now: %s", lease.id, exc)
                return
            alive = False
        if alive:
            lease.confirm(asked)
        else:
            self.forget(lease)


class SharedLease:
    """The one lease by which a Config lives. Granted when it is first needed, and after a loss.

    Args:
        leases: where it comes from.
        ttl: seconds that its keys outlive this process.
        lost: is called, from any thread, when it was lost.
    """

    def __init__(self, leases: Leases, ttl: int, lost: Callable[[], None] = lambda: None) -> None:
        self._leases = leases
        self._ttl = ttl
        self._when_lost = lost
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._lost = False

    @property
    def is_lost(self) -> bool:
        """Whether it was lost, and nothing was taken anew since."""
        lease = self._lease
        return self._lost or (lease is not None and not lease.alive())

    @property
    def is_granted(self) -> bool:
        """Whether there is a lease now."""
        return self._lease is not None

    def current(self, timeout: float | None = None) -> Lease:
        """Get the lease, or a new one after a loss.

        Args:
            timeout: seconds that this may take, by default what any call may.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        lease = self._lease
        if lease is not None and lease.alive():
            return lease
        seconds = self._leases.store.timeout if timeout is None else timeout
        end = time.monotonic() + seconds
        # Another thread may be asking for one, and may have longer to wait for it.
        if not self._lock.acquire(timeout=max(0.0, seconds)):
            raise self._not_granted(seconds)
        try:
            if self._lease is not None and not self._lease.alive():
                # It may live on for the server. Its keys shall go all the same: who held them
                # may have acted on its loss.
                self._forget(self._lease)
            if self._lease is None:
                left = end - time.monotonic()
                if left <= 0:
                    raise self._not_granted(seconds)
                self._lease = self._leases.grant(self._ttl, self._when_lost, timeout=left)
            return self._lease
        finally:
            self._lock.release()

    def take(self, timeout: float | None = None) -> Lease:
        """Get the lease for something to be owned by it: a loss before that is over.

        Args:
            timeout: seconds that this may take, by default what any call may.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        lease = self.current(timeout)
        self._lost = False
        return lease

    def lease_id(self, timeout: float) -> int:
        """Get its id; see TokenLease."""
        return self.current(timeout).id

    def lease_ended(self, lease: int) -> None:
        """Take notice that the database no longer knows it; see TokenLease."""
        known = self._lease
        if known is None or known.id != lease:
            # As in revoke.
            return
        with self._lock:
            if self._lease is known:
                self._forget(known)

    def revoke(self) -> None:
        """End it, and delete its keys; it is granted anew when it is needed again.

        Raises:
            ConfigConnectionError: the database does not answer; it ends after its ttl.
        """
        if self._lease is None:
            # While a thread asks for a new one, nobody is to wait for that here.
            return
        with self._lock:
            lease, self._lease = self._lease, None
        if lease is not None:
            lease.revoke()

    def leave_to_parent(self) -> None:
        """Forget the lease and the lock of the process that this one was forked from."""
        self._lock = threading.Lock()
        self._lost = self._lost or self._lease is not None
        self._lease = None

    def _not_granted(self, seconds: float) -> ConfigConnectionError:
        return ConfigConnectionError(
            f"The database at {self._leases.store.address} did not grant this process a lease "
            f"within {seconds:.3g} s: nothing was written, try again."
        )

    def _forget(self, lease: Lease) -> None:
        self._leases.forget(lease)
        self._lost = True
        self._lease = None
