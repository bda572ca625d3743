"""Leases and the thread that keeps them alive."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from ska_sdp_config.store.errors import ConfigConnectionError, closed_error
from ska_sdp_config.store.fork import CreatorProcess
from ska_sdp_config.store.interface import Store
from ska_sdp_config.store.joining import join_on_close

__all__ = ["Lease", "Leases", "SharedLease"]

LOGGER = logging.getLogger(__name__)

REFRESHES_PER_TTL = 5
"""Number of refreshes of a lease within its TTL."""

MAX_REFRESH_INTERVAL_S = 2.0
"""Longest interval between refreshes, which also detect an outage."""

REFRESH_TIMEOUT_S = 2.5
"""Timeout of a refresh; with the interval, less than the time after which the connection counts as
suspended."""

MAX_CONCURRENT_REFRESHES = 8
"""Number of leases that are refreshed at the same time, each on a thread."""


class Lease:
    """Lease, whose keys are deleted when it is not refreshed for ``ttl`` seconds.

    Refreshed by a thread of the library. A context manager that revokes it.

    Attributes:
        id: ID in the database.
        ttl: time to live without a refresh, in seconds.
        on_lost: called when the lease was lost.
    """

    def __init__(
        self, leases: Leases, lease_id: int, ttl: int, sent_at: float, on_lost: Callable[[], None]
    ) -> None:
        self._leases = leases
        self.id = lease_id
        self.ttl = ttl
        self.on_lost = on_lost
        # The server counts from a time between the request and its response.
        self._good_until = sent_at + ttl
        self._ended = threading.Event()

    def left(self) -> float:
        """Return the seconds until it expires without a refresh."""
        return self._good_until - time.monotonic()

    def alive(self) -> bool:
        """Return whether it was refreshed within the last ``ttl`` seconds and has not ended."""
        return not self._ended.is_set() and self.left() > 0

    def revoke(self) -> None:
        """Revoke the lease, which deletes its keys.

        Raises:
            ConfigConnectionError: the database does not respond; the lease expires after its TTL.
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
        """Record a refresh at a time of the monotonic clock."""
        self._good_until = max(self._good_until, when + self.ttl)

    def end(self) -> None:
        """Mark it as ended."""
        self._ended.set()


class Leases:
    """Leases of one store, refreshed by a thread that runs while there are any.

    Args:
        store: the store.
        creator: the process that created the store.
    """

    def __init__(self, store: Store, creator: CreatorProcess) -> None:
        self._store = store
        self._creator = creator
        self._live: list[Lease] = []
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def store(self) -> Store:
        """The store of the leases."""
        return self._store

    def grant(
        self,
        ttl: int,
        on_lost: Callable[[], None] = lambda: None,
        *,
        timeout: float | None = None,
    ) -> Lease:
        """Grant a lease.

        Args:
            ttl: time to live without a refresh, in seconds, at least 1.
            on_lost: called when the lease was lost, from any thread.
            timeout: timeout in seconds, by default that of the store.

        Raises:
            ConfigConnectionError: the database does not respond, or the Config is closed.
        """
        if self._closed:
            raise closed_error()
        sent_at = time.monotonic()
        seconds = self._store.timeout if timeout is None else timeout
        granted = self._store.grant_lease(ttl, timeout=seconds)
        lease = Lease(self, granted, ttl, sent_at, on_lost)
        with self._change:
            if self._closed:
                # Closed meanwhile: the lease is not refreshed, so it expires.
                lease.end()
                raise closed_error()
            if self._thread is None:
                # If the thread cannot be started, the lease expires after its TTL.
                thread = threading.Thread(
                    target=self._keep_alive, name="config-leases", daemon=True
                )
                thread.start()
                self._thread = thread
            self._live.append(lease)
            self._change.notify()
        return lease

    def revoke(self, lease: Lease) -> None:
        """Revoke a lease; see Lease.revoke. Does nothing in a forked child."""
        if self._store.closed or not self._creator.is_current:
            return
        with self._change:
            if lease in self._live:
                self._live.remove(lease)
            self._change.notify()
        was_alive = lease.alive()
        lease.end()
        if was_alive:
            self._store.revoke_lease(lease.id, timeout=self._store.timeout)

    def on_lost(self, lease: Lease) -> None:
        """Handle the loss of a lease."""
        with self._change:
            was_live = lease in self._live
            if was_live:
                self._live.remove(lease)
        lease.end()
        if was_live:
            LOGGER.error("Lease %x is lost, and its keys with it.", lease.id)
            lease.on_lost()

    def end(self) -> None:
        """Revoke all leases, unless the database does not respond; reject new ones."""
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
                LOGGER.info(
                    "Could not revoke a lease, which expires within %d s: %s", lease.ttl, exc
                )
                break

    def join(self) -> None:
        """Wait for the thread to end, after the store was closed; see ``join_on_close``."""
        with self._change:
            thread = self._thread
        if thread is not None:
            join_on_close(thread)

    def _keep_alive(self) -> None:
        due = 0.0
        while True:
            with self._change:
                if not self._live or self._closed:
                    self._thread = None
                    return
                shortest = min(lease.ttl for lease in self._live)
                pause = min(MAX_REFRESH_INTERVAL_S, shortest / REFRESHES_PER_TTL)
                if due + pause > time.monotonic():
                    self._change.wait(due + pause - time.monotonic())
                    continue
                live = list(self._live)
            due = time.monotonic()
            self._refresh_all(live)

    def _refresh_all(self, live: list[Lease]) -> None:
        """Refresh leases concurrently, so that on a slow server the last one does not expire."""
        waiting = deque(sorted(live, key=Lease.left))

        def refresh_waiting() -> None:
            with suppress(IndexError):
                while True:
                    self._refresh_safely(waiting.popleft())

        helpers: list[threading.Thread] = []
        # Fewer threads only make it slower.
        with suppress(RuntimeError):
            while len(helpers) < min(len(live), MAX_CONCURRENT_REFRESHES) - 1:
                helper = threading.Thread(
                    target=refresh_waiting, name="config-leases", daemon=True
                )
                helper.start()
                helpers.append(helper)
        refresh_waiting()
        for helper in helpers:
            helper.join()

    def _refresh_safely(self, lease: Lease) -> None:
        try:
            self._refresh(lease)
        except Exception:
            # Any error: without this thread all leases would expire.
            LOGGER.exception("Refreshing lease %x failed.", lease.id)
            if not lease.alive():
                self.on_lost(lease)

    def _refresh(self, lease: Lease) -> None:
        sent_at = time.monotonic()
        # A response after the lease has expired is of no use.
        timeout = max(0.1, min(REFRESH_TIMEOUT_S, lease.left()))
        try:
            alive = self._store.keep_lease(lease.id, timeout=timeout)
        except ConfigConnectionError as exc:
            if lease.alive():
                LOGGER.debug("Could not refresh lease %x: %s", lease.id, exc)
                return
            alive = False
        if alive:
            lease.confirm(sent_at)
        else:
            self.on_lost(lease)


class SharedLease:
    """Client lease of a Config, granted when it is first needed and again after a loss.

    Args:
        leases: grants the lease.
        ttl: time to live without a refresh, in seconds.
        on_lost: called when the lease was lost, from any thread.
    """

    def __init__(self, leases: Leases, ttl: int, on_lost: Callable[[], None]) -> None:
        self._leases = leases
        self._ttl = ttl
        self._when_lost = on_lost
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._lost = False

    @property
    def is_lost(self) -> bool:
        """Whether it was lost and ``take`` was not called since."""
        lease = self._lease
        return self._lost or (lease is not None and not lease.alive())

    @property
    def is_granted(self) -> bool:
        """Whether there is a lease now."""
        return self._lease is not None

    def current(self, timeout: float | None = None) -> Lease:
        """Return the lease, or a new one after a loss.

        Args:
            timeout: timeout in seconds, by default that of the store.

        Raises:
            ConfigConnectionError: the database does not respond.
        """
        lease = self._lease
        if lease is not None and lease.alive():
            return lease
        seconds = self._leases.store.timeout if timeout is None else timeout
        end = time.monotonic() + seconds
        # Another thread may hold the lock during a grant with a longer timeout.
        if not self._lock.acquire(timeout=max(0.0, seconds)):
            raise self._not_granted(seconds)
        try:
            if self._lease is not None and not self._lease.alive():
                # The server may not have expired it yet. Its keys must go all the same, as their
                # owner may have acted on the loss.
                self._on_lost(self._lease)
            if self._lease is None:
                left = end - time.monotonic()
                if left <= 0:
                    raise self._not_granted(seconds)
                self._lease = self._leases.grant(self._ttl, self._when_lost, timeout=left)
            return self._lease
        finally:
            self._lock.release()

    def take(self, timeout: float | None = None) -> Lease:
        """Return the lease for taking ownership, which resets ``is_lost``; see ``current``."""
        lease = self.current(timeout)
        self._lost = False
        return lease

    def on_ended(self, lease: int) -> None:
        """Handle the end of the lease with this ID, as reported by the store."""
        known = self._lease
        if known is None or known.id != lease:
            # Without the lock; see revoke.
            return
        with self._lock:
            if self._lease is known:
                self._on_lost(known)

    def revoke(self) -> None:
        """Revoke the lease, which deletes its keys; a new one is granted when needed.

        Raises:
            ConfigConnectionError: the database does not respond; the lease expires after its TTL.
        """
        if self._lease is None:
            # Do not wait for a grant in another thread, which holds the lock.
            return
        with self._lock:
            lease, self._lease = self._lease, None
        if lease is not None:
            lease.revoke()

    def _not_granted(self, seconds: float) -> ConfigConnectionError:
        return ConfigConnectionError(
            f"The database at {self._leases.store.address} did not grant this process a lease "
            f"within {seconds:.3g} s: nothing was written, try again."
        )

    def _on_lost(self, lease: Lease) -> None:
        self._leases.on_lost(lease)
        self._lost = True
        self._lease = None
