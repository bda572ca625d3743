"""The loop that turns whenever something that it has read changes (spec 2.3)."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Generic, TypeVar

from .backend.backend import Backend
from .backend.cache import CachedReader
from .backend.common import ConfigConnectionError
from .backend.fork import on_fork
from .backend.interest import Interest
from .backend.loop import MAX_RETRIES, transactions
from .backend.stm import Txn, queries_of_prefetch
from .backend.store import Query, Reader, Reply, Store

__all__ = ["Watcher", "until_answered"]

LOGGER = logging.getLogger(__name__)

R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)

LONGEST_PAUSE = 2.0


class Watcher(Generic[T_co]):
    """One watcher loop; see Config.watcher. It yields itself at each turn.

    Args:
        backend: where it reads and watches.
        wrap: makes what the user sees of a transaction.
        timeout: seconds after which the loop turns in any case, or None for never.
    """

    def __init__(
        self, backend: Backend, wrap: Callable[[Txn], T_co], timeout: float | None = None
    ) -> None:
        self._backend = backend
        self._wrap = wrap
        self._timeout = timeout
        self._alarm = math.inf
        self._turn_began = time.monotonic()
        self._wake = threading.Condition()
        self._triggered = False
        self._just_told = False
        self._interest = Interest(self._wake)
        on_fork(self)

    def __iter__(self) -> Iterator[Watcher[T_co]]:
        cache = self._backend.cache
        cache.join(self._interest)
        try:
            while True:
                self._alarm = math.inf
                self._turn_began = time.monotonic()
                self._interest.begin_turn()
                yield self
                cache.trim()
                self._wait()
        finally:
            cache.leave(self._interest)

    def txn(
        self,
        max_retries: int = MAX_RETRIES,
        prefetch: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Iterator[T_co]:
        """Loop over attempts at a transaction, and watch what it reads.

        Takes what ``Config.txn`` takes. While the database does not answer it waits, and runs
        the body, from the start, when it is back. Should the loop meanwhile be due to turn, by
        a time-out, an alarm or ``trigger``, the body is left out and the loop turns.

        Raises:
            RuntimeError: others were faster at every attempt.
            CommitUnknown: it was not to be known whether the commit took effect.
            TransactionTooLarge: the transaction is over a bound of the server.
            LeaseNotFound: something was created under a lease that has ended.
            ConfigConnectionError: the Config was closed.
        """
        if not self._database_answers():
            return
        store, cache = self._backend.store, self._backend.cache
        pauses = _growing_pauses()
        for txn in transactions(
            _PatientReader(CachedReader(store, cache), store),
            self._backend.committer,
            self._backend.habits,
            self._backend.counts,
            max_retries=max_retries,
            prefetch=queries_of_prefetch(prefetch),
            timeout=timeout,
            warm=False,
            seen=cache.require,
            finished=lambda txn: self._interest.add(txn.reads),
            unreachable=lambda exc: self._bear(exc, next(pauses)),
        ):
            yield self._wrap(txn)

    def set_timeout(self, timeout: float | None) -> None:
        """Set after how many seconds each turn ends in any case; None for never."""
        self._timeout = timeout

    def set_wake_up_at(self, alarm: datetime) -> None:
        """Let this turn end at a time, or at the earliest of several.

        Args:
            alarm: the time; one without a zone is local time.
        """
        left = (alarm.astimezone(timezone.utc) - datetime.now(timezone.utc)).total_seconds()
        self._alarm = min(self._alarm, time.monotonic() + left)

    def trigger(self) -> None:
        """Let the loop turn now. May be called from any thread, also when it has ended."""
        with self._wake:
            self._triggered = True
            self._wake.notify_all()

    def leave_to_parent(self) -> None:
        """Use another lock; see Forkable."""
        self._wake = threading.Condition()
        self._interest.leave_to_parent(self._wake)

    def _wait(self) -> None:
        store = self._backend.store
        with self._wake:
            self._interest.end_turn()
            while not (self._triggered or self._interest.is_stale or store.closed):
                left = self._left()
                if left <= 0:
                    break
                self._wake.wait(min(left, threading.TIMEOUT_MAX))
            self._just_told = self._interest.is_stale
            self._triggered = False
        if store.closed:
            # It says so itself, and why.
            store.read([], timeout=store.timeout)

    def _left(self) -> float:
        end = self._alarm
        if self._timeout is not None:
            end = min(end, self._turn_began + self._timeout)
        return end - time.monotonic()

    def _database_answers(self) -> bool:
        """Wait for the database, if it does not answer; False if the loop is due to turn first.

        A turn that a change has caused begins with what the watch has just told. Any other
        transaction asks for the newest revision, and the cache has to come up to that: what
        others have committed before it is always seen.
        """
        store, cache = self._backend.store, self._backend.cache
        just_told, self._just_told = self._just_told, False
        if just_told and cache.is_open and self._backend.connection.state == "connected":
            return True
        for pause in _growing_pauses():
            try:
                revision = store.read([], timeout=store.timeout).revision
            except ConfigConnectionError as exc:
                _complain(store, exc)
            else:
                cache.require(revision)
                cache.open(revision)
                return True
            with self._wake:
                if not self._triggered and self._left() > 0:
                    self._wake.wait(min(pause, self._left()))
                if self._triggered or self._left() <= 0:
                    break
        return False

    def _bear(self, exc: ConfigConnectionError, pause: float) -> None:
        """Wait for some seconds before a commit is tried again; raise if it is over."""
        _complain(self._backend.store, exc)
        time.sleep(pause)


class _PatientReader:
    """Reads that wait until the database is back, as a body cannot be left half way."""

    def __init__(self, reader: Reader, store: Store) -> None:
        self._reader = reader
        self._store = store
        self.address = reader.address
        self.timeout = reader.timeout

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        return until_answered(
            self._store, lambda: self._reader.read(queries, revision, timeout=timeout)
        )


def until_answered(store: Store, call: Callable[[], R]) -> R:
    """Make a call until the database answers it.

    Raises:
        ConfigConnectionError: the Config was closed.
    """
    for pause in _growing_pauses():
        try:
            return call()
        except ConfigConnectionError as exc:
            _complain(store, exc)
        time.sleep(pause)
    raise AssertionError("There is always another pause.")


def _complain(store: Store, exc: ConfigConnectionError) -> None:
    if store.closed:
        raise exc
    LOGGER.warning("Waiting for the database: %s", exc)


def _growing_pauses() -> Iterator[float]:
    longest = 0.1
    while True:
        yield longest * (0.5 + random.random() / 2)
        longest = min(2 * longest, LONGEST_PAUSE)
