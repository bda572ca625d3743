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
from .backend.common import ConfigConnectionError
from .backend.interest import Interest
from .backend.loop import MAX_RETRIES, transactions
from .backend.stm import Txn, queries_of_prefetch
from .backend.store import Query, Reply, Store

__all__ = ["Watcher"]

LOGGER = logging.getLogger(__name__)

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
        self._interest = Interest(backend.store, self._wake)
        self._last_read: list[Query] = []

    def __iter__(self) -> Iterator[Watcher[T_co]]:
        try:
            while True:
                self._alarm = math.inf
                self._turn_began = time.monotonic()
                self._last_read = self._interest.begin_turn()
                yield self
                self._interest.end_turn()
                self._wait()
        finally:
            self._interest.close()

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
            ConfigConnectionError: the Config was closed.
        """
        queries = list(dict.fromkeys([*queries_of_prefetch(prefetch), *self._last_read]))
        pinned = self._pin(queries)
        if pinned is None:
            return
        for txn in transactions(
            _PatientReader(self._backend.store),
            self._backend.committer,
            max_retries=max_retries,
            prefetch=queries,
            timeout=timeout,
            pinned=pinned,
            finished=lambda txn: self._interest.add(txn.reads),
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

    def _wait(self) -> None:
        with self._wake:
            while not (self._triggered or self._interest.is_stale()):
                left = self._left()
                if left <= 0:
                    break
                self._wake.wait(min(left, threading.TIMEOUT_MAX))
            self._triggered = False

    def _left(self) -> float:
        end = self._alarm
        if self._timeout is not None:
            end = min(end, self._turn_began + self._timeout)
        return end - time.monotonic()

    def _pin(self, queries: Sequence[Query]) -> Reply | None:
        """Read what the body probably asks for; None if the loop is due to turn first."""
        store = self._backend.store
        for pause in _growing_pauses():
            try:
                return store.read(queries, timeout=store.timeout)
            except ConfigConnectionError as exc:
                if store.closed:
                    raise
                LOGGER.warning("Waiting for the database: %s", exc)
            with self._wake:
                if not self._triggered and self._left() > 0:
                    self._wake.wait(min(pause, self._left()))
                if self._triggered or self._left() <= 0:
                    break
        return None


class _PatientReader:
    """Reads that wait until the database is back, as a body cannot be left half way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.address = store.address
        self.timeout = store.timeout

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        for pause in _growing_pauses():
            try:
                return self._store.read(queries, revision, timeout=timeout)
            except ConfigConnectionError as exc:
                if self._store.closed:
                    raise
                LOGGER.warning("Waiting for the database: %s", exc)
            time.sleep(pause)
        raise AssertionError("There is always another pause.")


def _growing_pauses() -> Iterator[float]:
    longest = 0.1
    while True:
        yield longest * (0.5 + random.random() / 2)
        longest = min(2 * longest, LONGEST_PAUSE)
