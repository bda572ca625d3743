"""The loop that turns whenever something that it has read changes (spec 2.3)."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Generic, TypeVar

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.engine.cached_reader import CachedReader
from ska_sdp_config.engine.prefetch import queries_of_prefetch
from ska_sdp_config.engine.runner import MAX_RETRIES, transactions
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.engine.watched_reads import Interest
from ska_sdp_config.store.backoff import growing_pauses
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.fork import on_fork
from ska_sdp_config.store.interface import Query, Reader, Reply, Store

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
        self._left_out = False
        self._just_told = False
        self._interest = Interest(self._wake)
        on_fork(self)

    def __iter__(self) -> Iterator[Watcher[T_co]]:
        cache = self._backend.cache
        cache.join(self._interest)
        try:
            while True:
                self._alarm = math.inf
                self._left_out = False
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
        a time-out, an alarm or ``trigger``, the body is left out and the loop turns. With a
        time-out of its own it waits no longer than that.

        A loop that goes on after a ConfigConnectionError turns again within two seconds, as what
        the body did not come to read, or to write, would not turn it.

        Raises:
            RuntimeError: others were faster at every attempt.
            CommitUnknown: it was not to be known whether the commit took effect.
            TransactionTooLarge: the transaction is over a bound of the server.
            LeaseNotFound: something was created under a lease that has ended.
            ConfigRefused: the database rejected the request, e.g. permission denied; nothing was
                written. For a database that is full it waits, as above.
            ConfigConnectionError: the Config was closed; or the transaction's own time-out has
                passed, and nothing was written.
        """
        store, cache = self._backend.store, self._backend.cache
        deadline = Deadline(store.timeout, timeout, store.address)
        pauses = _growing_pauses()
        try:
            if not self._database_answers(deadline):
                # What it would have read cannot turn the loop, so what made it due still does.
                self._left_out = True
                return
            for txn in transactions(
                _PatientReader(CachedReader(store, cache), store, deadline),
                self._backend.committer,
                self._backend.habits,
                self._backend.counts,
                deadline,
                max_retries=max_retries,
                prefetch=queries_of_prefetch(prefetch),
                warm=False,
                seen=cache.require,
                finished=self._finished,
                unreachable=lambda exc: _bear(store, exc, next(pauses), deadline),
            ):
                yield self._wrap(txn)
        except ConfigConnectionError:
            self._look_again_soon()
            raise

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
            while not (
                self._triggered or self._left_out or self._interest.is_stale or store.closed
            ):
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

    def _finished(self, txn: Txn) -> None:
        self._interest.add(txn.reads)
        if txn.was_cut_short:
            self._look_again_soon()

    def _look_again_soon(self) -> None:
        self._alarm = min(self._alarm, time.monotonic() + LONGEST_PAUSE)

    def _database_answers(self, deadline: Deadline) -> bool:
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


class _PatientReader:
    """Reads that wait until the database is back, as a body cannot be left half way."""

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
            _bear(self._store, exc, 0.0, self._deadline)
        return until_answered(self._store, call, self._deadline)


def until_answered(store: Store, call: Callable[[float], R], deadline: Deadline) -> R:
    """Make a call until the database answers it.

    Args:
        store: the database.
        call: makes the call, within some seconds.
        deadline: when to give up.

    Raises:
        ConfigConnectionError: the Config was closed, the database rejects the call for good, or
            time is up.
    """
    for pause in _growing_pauses():
        seconds = deadline.next_call()
        try:
            return call(seconds)
        except ConfigConnectionError as exc:
            _bear(store, exc, pause, deadline)
    raise AssertionError("There is always another pause.")


def _bear(store: Store, exc: ConfigConnectionError, pause: float, deadline: Deadline) -> None:
    """Wait for some seconds before another try.

    Raises:
        ConfigConnectionError: the Config was closed, the database rejects the call for good, or
            time is up.
    """
    _raise_or_warn(store, exc)
    pause = max(pause, exc.retry_after or 0.0)
    time.sleep(max(0.0, min(pause, deadline.left())))
    deadline.next_call()


def _raise_or_warn(store: Store, exc: ConfigConnectionError) -> None:
    if store.closed or exc.retry_after is None:
        raise exc
    LOGGER.warning("Waiting for the database: %s", exc)


def _growing_pauses() -> Iterator[float]:
    return growing_pauses(0.1, LONGEST_PAUSE)
