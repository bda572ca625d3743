"""Commits whose outcome is known, on a store that may lose an answer.

Each commit also guards and overwrites a token: a key outside the path space that nobody else
writes. When the answer is lost, the token is overwritten once more, on condition that it is as
it was before. Either that succeeds, and the late commit can never take effect, as its own
guard of the token no longer holds; or the token shows that the commit came first. A read would
not do: the commit might arrive after it.

The value of a token is a mark, unique to each commit. It also identifies a commit that a proxy
sent twice: the second request fails its guards, but the token holds the mark of the first.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ska_sdp_config.store.backoff import growing_pauses
from ska_sdp_config.store.errors import CommitUnknown, ConfigConnectionError, TransactionTooLarge
from ska_sdp_config.store.interface import (
    AnswerLost,
    Commit,
    Conflict,
    Entry,
    Guard,
    KeyAt,
    LeaseNotFound,
    Put,
    Query,
    Reply,
    Store,
    Write,
    leases_of,
)
from ska_sdp_config.store.keys import Span

__all__ = ["Committer", "DirectCommitter", "TokenCommitter", "TokenLease"]

LOGGER = logging.getLogger(__name__)

TOKEN_PREFIX = "token/"
"""Where tokens are; keys of paths begin with a digit."""

SETTLED = "settled"
"""Value of a token after settling; that of a commit is a mark of its own."""

UNUSABLE = -1
"""Stands for the revision of a token whose state is not known."""

LEAST_SHARE = 0.25
"""How much of a commit's time must be left to begin again: in less it could end unknown."""


class Budget(Protocol):
    """What says how long the next call may take."""

    def next_call(self) -> float:
        """Get seconds, or raise ConfigConnectionError when there are none left."""


class TokenLease(Protocol):
    """The lease that tokens live by, and what hears of its end."""

    def lease_id(self, timeout: float) -> int:
        """Get the id of a lease that, to the best of our knowledge, is alive.

        Args:
            timeout: seconds that this may take.

        Raises:
            ConfigConnectionError: there is none, and the database does not answer.
        """

    def lease_ended(self, lease: int) -> None:
        """Take notice that the store no longer knows a lease."""


class Committer(Protocol):
    """Commits, with an outcome that is known."""

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        *,
        deadline: Budget,
    ) -> int | Conflict:
        """Commit; give the revision, or the conflict.

        Raises:
            CommitUnknown: no server could say, within the time-out, what became of it.
            ConfigConnectionError: it could not be sent, or never arrived; nothing was written.
            LeaseNotFound: a write names a lease that has ended.
            TransactionTooLarge: it is over a bound of the server.
        """


class DirectCommitter:
    """Commits on a store that loses no answers."""

    def __init__(self, store: Store, leases: TokenLease) -> None:
        self._store = store
        self._leases = leases

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        *,
        deadline: Budget,
    ) -> int | Conflict:
        """Commit; see Committer."""
        try:
            outcome = self._store.commit(guards, writes, refetch, timeout=deadline.next_call())
        except LeaseNotFound:
            # The body may run again, and shall then be given one that has not ended.
            for lease in leases_of(writes):
                if not self._store.keep_lease(lease, timeout=deadline.next_call()):
                    self._leases.lease_ended(lease)
            raise
        return outcome.revision if isinstance(outcome, Commit) else outcome


@dataclass(slots=True)
class Token:
    """A token as this process last knew it.

    Attributes:
        key: its key.
        lease: the lease that it lives by.
        modified: the revision at which it was last written, 0 before the first time.
    """

    key: str
    lease: int
    modified: int = 0


class TokenCommitter:
    """Commits on a store that may lose answers.

    A token serves one commit at a time, so there are as many as threads commit at once.
    """

    def __init__(self, store: Store, leases: TokenLease) -> None:
        self._store = store
        self._leases = leases
        self._name = f"{TOKEN_PREFIX}{uuid.uuid4().hex}"
        self._numbers = itertools.count()
        self._free: list[Token] = []
        self._lock = threading.Lock()

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        *,
        deadline: Budget,
    ) -> int | Conflict:
        """Commit; see Committer."""
        budget = deadline.next_call()
        end = time.monotonic() + budget
        for pause in _growing_pauses():
            with self._token(end - time.monotonic()) as token:
                left = end - time.monotonic()
                if left < LEAST_SHARE * budget:
                    raise self._never_arrived(budget)
                try:
                    outcome = self._attempt(token, guards, writes, refetch, left)
                except LeaseNotFound:
                    if self._store.keep_lease(token.lease, timeout=end - time.monotonic()):
                        # It is one that a write names; the token and its lease are well.
                        raise
                    token.modified = UNUSABLE
                    self._leases.lease_ended(token.lease)
                    continue
            if outcome is not None:
                return outcome
            time.sleep(max(0.0, min(pause, end - time.monotonic())))
        raise AssertionError("There is always another pause.")

    def _attempt(
        self,
        token: Token,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        budget: float,
    ) -> int | Conflict | None:
        """Commit once. None means that nothing happened, and that it is to be tried again."""
        # Not a count: a process that was forked from this one would count alike.
        mark = uuid.uuid4().hex
        end = time.monotonic() + budget
        # Whatever interrupts this, from here on nobody knows, until the outcome is known.
        before, token.modified = token.modified, UNUSABLE
        try:
            outcome = self._store.commit(
                [KeyAt(token.key, before), *guards],
                [Put(token.key, mark, token.lease), *writes],
                [Query(Span(token.key)), *refetch],
                # The other half is for settling.
                timeout=budget / 2,
            )
        except AnswerLost as exc:
            LOGGER.warning("The answer to a commit was lost (%s); settling it.", exc)
            return self._settle(token, before, mark, end)
        except (LeaseNotFound, TransactionTooLarge, ConfigConnectionError):
            # It was refused, or not sent.
            token.modified = before
            raise
        if isinstance(outcome, Commit):
            token.modified = outcome.revision
            return outcome.revision
        (found, *fresh) = outcome.fresh.found
        if found and found[0].value == mark:
            # A proxy resent a commit that was applied already, and returned the second answer.
            token.modified = found[0].modified
            return token.modified
        if _modified(found) != before:
            # The token was deleted with its lease, or written by a process with the same token
            # names: no conflict of the transaction. It is not used again.
            if not self._store.keep_lease(token.lease, timeout=end - time.monotonic()):
                self._leases.lease_ended(token.lease)
            return None
        token.modified = before
        return Conflict(Reply(outcome.fresh.revision, fresh))

    def _settle(self, token: Token, before: int, mark: str, end: float) -> int | None:
        """Find out what became of a commit, by making sure that it cannot happen any more.

        Args:
            token: that of the commit.
            before: when the token was last written before it.
            mark: what the commit writes to the token.
            end: when to give up, by the monotonic clock.

        Returns:
            The revision of the commit; or None if it will never take effect.
        """
        for pause in _growing_pauses():
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                outcome = self._store.commit(
                    [KeyAt(token.key, before)],
                    [Put(token.key, SETTLED, token.lease)],
                    [Query(Span(token.key))],
                    timeout=left,
                )
            except AnswerLost:
                # Settling again is safe: if this came through, its own mark will be found.
                time.sleep(min(pause, max(0.0, end - time.monotonic())))
                continue
            except (ConfigConnectionError, LeaseNotFound):
                break
            if isinstance(outcome, Commit):
                token.modified = outcome.revision
                return None
            found = outcome.fresh.found[0]
            if not found:
                break
            token.modified = found[0].modified
            return token.modified if found[0].value == mark else None
        raise CommitUnknown(
            f"The database at {self._store.address} did not say whether the commit took effect: "
            "its outcome is not known; read what it would have written before you try again."
        )

    def _never_arrived(self, seconds: float) -> ConfigConnectionError:
        return ConfigConnectionError(
            f"The database at {self._store.address} did not take the commit within "
            f"{seconds:.3g} s, although it answers: nothing was written; try again, and if it "
            "stays so look for what lets small requests through on the way, but not this one."
        )

    @contextmanager
    def _token(self, timeout: float) -> Iterator[Token]:
        lease = self._leases.lease_id(timeout)
        with self._lock:
            self._free = [token for token in self._free if token.lease == lease]
            token = (
                self._free.pop()
                if self._free
                else Token(f"{self._name}-{next(self._numbers)}", lease)
            )
        try:
            yield token
        finally:
            # A token whose state is not known is never used again; its lease clears it away.
            if token.modified != UNUSABLE:
                with self._lock:
                    self._free.append(token)


def _modified(found: list[Entry] | None) -> int:
    return found[0].modified if found else 0


def _growing_pauses() -> Iterator[float]:
    return growing_pauses(0.02, 0.3)
