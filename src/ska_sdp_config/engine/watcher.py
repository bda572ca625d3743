"""Loop that runs again whenever something that it has read changes."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Generic, Protocol, TypeVar

from ska_sdp_config.engine.cache import Cache
from ska_sdp_config.engine.cached_reader import CachedReader
from ska_sdp_config.engine.change_log import Point
from ska_sdp_config.engine.committer import Committer
from ska_sdp_config.engine.followed import Followed
from ska_sdp_config.engine.prefetch import queries_of_prefetch
from ska_sdp_config.engine.repetition import Closable, repeated
from ska_sdp_config.engine.runner import MAX_RETRIES, transactions
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watched_reads import WatchedReads
from ska_sdp_config.store.backoff import growing_pauses
from ska_sdp_config.store.connection import Connection
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import ConfigConnectionError, closed_error
from ska_sdp_config.store.fork import CreatorProcess
from ska_sdp_config.store.interface import Query, Reader, Reply, Store

__all__ = ["Watcher", "until_answered"]

LOGGER = logging.getLogger(__name__)

R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)

MAX_BACKOFF_S = 2.0


class WatchedBackend(Protocol):
    """Backend, as far as watchers use it; see Backend."""

    creator: CreatorProcess
    connection: Connection
    store: Store
    cache: Cache
    committer: Committer
    open_watches: list[Closable]


class Watcher(Generic[T_co]):
    """Watcher loop; see Config.watcher. Yields itself at each iteration.

    Args:
        backend: the backend to read and watch.
        wrap: makes the transaction object of the body.
        timeout: seconds after which an iteration ends in any case, or None for no limit.
        follow: prefixes of the paths whose changes start an iteration and are in ``changed``.

    Raises:
        TypeError: ``follow`` is a string.
    """

    def __init__(
        self,
        backend: WatchedBackend,
        wrap: Callable[[Txn], T_co],
        timeout: float | None = None,
        follow: Iterable[str] = (),
    ) -> None:
        self._backend = backend
        self._wrap = wrap
        self._timeout = timeout
        self._alarm = math.inf
        self._began = time.monotonic()
        self._wake = threading.Condition()
        self._triggered = False
        self._was_skipped = False
        self._was_notified = False
        if isinstance(follow, str):
            raise TypeError(f"follow takes a list of prefixes, such as [{follow!r}], not one.")
        self._followed = Followed(backend.cache, follow)
        self._watched = WatchedReads(self._wake, self._followed)
        self._attempt: tuple[Txn, int] | None = None
        self._open_txns = 0

    def __iter__(self) -> Iterator[Watcher[T_co]]:
        self._backend.creator.check()
        cache = self._backend.cache
        cache.join(self._watched)
        try:
            while True:
                self._alarm = math.inf
                self._was_skipped = False
                self._began = time.monotonic()
                self._watched.begin_iteration()
                yield self
                self._backend.creator.check()
                if self._followed.is_behind():
                    # WatchedReads compares the changes of this iteration only. One that an earlier
                    # body has not processed would wait for the next change.
                    self._iterate_soon()
                cache.trim()
                self._wait()
        finally:
            # In a forked child, the watch belongs to the parent process.
            if self._backend.creator.is_current:
                cache.leave(self._watched)

    @property
    def changed(self) -> frozenset[str] | None:
        """The followed paths that have changed since the last iteration, or None for all paths.

        It is exact for the transaction in whose body it is read: it contains each change up to
        the revision of the transaction that no earlier body which read it has processed to its
        end. It is None in the first iteration, and if not all changes since are known.

        Raises:
            RuntimeError: it is read outside the body of ``txn``.
            ConfigConnectionError: the database does not respond.
        """
        if self._attempt is None:
            raise RuntimeError("Read changed in the body of the watcher's txn.")
        txn, clears = self._attempt
        return self._followed.changed(Point(clears, txn.revision_or_rerun()))

    def txn(
        self,
        max_retries: int = MAX_RETRIES,
        prefetch: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Iterator[T_co]:
        """Loop over attempts at a transaction, and watch what it reads.

        Takes the arguments of ``Config.txn``. During an outage of the database it waits, and runs
        the body when the database responds again. If a timeout, an alarm or ``trigger`` ends the
        iteration first, the body is skipped. A timeout of the transaction bounds the wait too.

        If the loop continues after a ConfigConnectionError, its next iteration starts within two
        seconds, as the reads that failed cannot start it.

        The wait of ``Transaction.loop`` is not part of the iteration: timeouts, alarms and
        ``trigger`` do not end it.

        Raises:
            RuntimeError: every attempt had a conflict.
            CommitUnknown: the outcome of the commit is not known.
            TransactionTooLarge: the transaction exceeds a limit of the server.
            LeaseNotFound: a write names a lease that has expired or was revoked.
            ConfigRefused: the database rejected the request, e.g. permission denied; nothing was
                written. A database whose quota is exceeded counts as an outage.
            ConfigConnectionError: the Config was closed; or the transaction timed out, and nothing
                was written.
        """
        queries = queries_of_prefetch(prefetch)
        once = partial(self._attempts, max_retries, queries, timeout)
        store, open_watches = self._backend.store, self._backend.open_watches
        for txn in repeated(once, store, open_watches, self._before_repetition):
            yield self._wrap(txn)

    def set_timeout(self, timeout: float | None) -> None:
        """Set the seconds after which each iteration ends in any case; None for no limit."""
        self._timeout = timeout

    def set_wake_up_at(self, alarm: datetime) -> None:
        """End this iteration at a time; of several calls, the earliest time counts.

        Args:
            alarm: the time; local time if it has no zone.
        """
        left = (alarm.astimezone(timezone.utc) - datetime.now(timezone.utc)).total_seconds()
        self._alarm = min(self._alarm, time.monotonic() + left)

    def trigger(self) -> None:
        """End this iteration now. May be called from any thread, also after the loop."""
        self._backend.creator.check()
        with self._wake:
            self._triggered = True
            self._wake.notify_all()

    def _attempts(
        self, max_retries: int, prefetch: Sequence[Query], timeout: float | None
    ) -> Iterator[Txn]:
        """Yield attempts at a transaction until one commits, none if the iteration ends first."""
        self._backend.creator.check()
        store, cache = self._backend.store, self._backend.cache
        deadline = Deadline(store.timeout, timeout, store.address)
        pauses = _backoff()
        self._open_txns += 1
        try:
            if not self._database_responds(deadline):
                # Without reads, only the expired timeout or alarm can start the next iteration.
                self._was_skipped = True
                return
            # Read before anything else, so that a loss of changes after that is detected.
            clears = cache.clears
            for txn in transactions(
                _WaitingReader(CachedReader(store, cache), store, deadline),
                self._backend.committer,
                self._backend.connection.counts,
                deadline,
                self._backend.creator,
                max_retries=max_retries,
                prefetch=prefetch,
                warm=False,
                seen=cache.require,
                finished=self._finished,
                unreachable=lambda exc: _pause(store, exc, next(pauses), deadline),
            ):
                self._attempt = (txn, clears)
                self._followed.begin_attempt()
                yield txn
                clears = cache.clears
            if not txn.is_incomplete:
                self._followed.confirm()
        except ConfigConnectionError:
            self._iterate_soon()
            raise
        finally:
            self._open_txns -= 1
            self._attempt = None

    def _wait(self) -> None:
        store = self._backend.store
        with self._wake:
            self._watched.end_iteration()
            while not (
                self._triggered or self._was_skipped or self._watched.is_stale or store.closed
            ):
                left = self._left()
                if left <= 0:
                    break
                self._wake.wait(min(left, threading.TIMEOUT_MAX))
            self._was_notified = self._watched.is_stale
            self._triggered = False
        if store.closed:
            # A read of a closed store raises its error.
            store.read([], timeout=store.timeout)

    def _left(self) -> float:
        end = self._alarm
        if self._timeout is not None:
            end = min(end, self._began + self._timeout)
        return end - time.monotonic()

    def _finished(self, txn: Txn) -> None:
        if not self._backend.creator.is_current:
            return
        self._watched.add(txn.reads)
        if txn.is_incomplete:
            self._iterate_soon()

    def _before_repetition(self, txn: Txn) -> None:
        """Stop watching what a transaction has read, as it runs again."""
        # Trim first, so that the cache keeps what the repetition will probably read again.
        self._backend.cache.trim()
        # The transaction itself is not open here, but one around it may be.
        self._watched.remove(txn.reads, others_open=self._open_txns > 0)

    def _iterate_soon(self) -> None:
        self._alarm = min(self._alarm, time.monotonic() + MAX_BACKOFF_S)

    def _database_responds(self, deadline: Deadline) -> bool:
        """Wait until the database responds; return False if the iteration ends first.

        The first transaction of an iteration that a change has started uses the cache as it is.
        Any other one reads the newest revision, which the cache has to reach, so that it includes
        everything that was committed before.
        """
        store, cache = self._backend.store, self._backend.cache
        was_notified, self._was_notified = self._was_notified, False
        if was_notified and cache.is_open and self._backend.connection.state == "connected":
            return True
        for pause in _backoff():
            seconds = deadline.next_call()
            try:
                cache.open(cache.read_newest(seconds))
            except ConfigConnectionError as exc:
                _raise_or_warn(store, exc)
                least = exc.retry_after or 0.0
            else:
                return True
            with self._wake:
                if not self._triggered and self._left() > 0:
                    seconds = min(max(pause, least), self._left(), deadline.left())
                    self._wake.wait(max(0.0, seconds))
                if self._triggered or self._left() <= 0:
                    break
        return False


class _WaitingReader:
    """Reader that waits for the end of an outage: an error would end the loop of the watcher."""

    def __init__(self, reader: Reader, store: Store, deadline: Deadline) -> None:
        self._reader = reader
        self._store = store
        self._deadline = deadline
        self.address = reader.address
        self.timeout = reader.timeout

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        def call(seconds: float) -> Reply:
            return self._reader.read(queries, revision, timeout=seconds)

        try:
            return call(timeout)
        except ConfigConnectionError as exc:
            _pause(self._store, exc, 0.0, self._deadline)
        return until_answered(self._store, call, self._deadline)


def until_answered(store: Store, call: Callable[[float], R], deadline: Deadline) -> R:
    """Retry a call until the database responds.

    Args:
        store: the database.
        call: the call, with its timeout in seconds as argument.
        deadline: time limit of all calls.

    Raises:
        ConfigConnectionError: the Config was closed, the database rejected the call, or the
            deadline has passed.
    """
    for pause in _backoff():
        seconds = deadline.next_call()
        try:
            return call(seconds)
        except ConfigConnectionError as exc:
            _pause(store, exc, pause, deadline)
    raise AssertionError("The backoff does not end.")


def _pause(store: Store, exc: ConfigConnectionError, pause: float, deadline: Deadline) -> None:
    """Wait before the next attempt.

    Raises:
        ConfigConnectionError: the Config was closed, the database rejected the call, or the
            deadline has passed.
    """
    _raise_or_warn(store, exc)
    pause = max(pause, exc.retry_after or 0.0)
    time.sleep(max(0.0, min(pause, deadline.left())))
    deadline.next_call()


def _raise_or_warn(store: Store, exc: ConfigConnectionError) -> None:
    if exc.retry_after is None:
        raise exc
    if store.closed:
        # A call that the close interrupts may end as in an outage.
        raise closed_error() from exc
    LOGGER.warning("Waiting for the database: %s", exc)


def _backoff() -> Iterator[float]:
    return growing_pauses(0.1, MAX_BACKOFF_S)
