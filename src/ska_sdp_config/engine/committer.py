"""Commits with a known outcome on a store that may lose responses.

Each commit also guards and overwrites a token: a key outside the path space that no other client
writes. If the response is lost, the commit is settled by overwriting the token once more, guarded
by the token's previous revision. Either that succeeds, and the lost commit can never take effect,
as its own guard of the token no longer holds; or the token shows that the commit took effect. A
read would not be enough, as the commit might arrive after it. A read is made first all the same:
only a member that has a leader answers it.

The value of a token is a mark, unique to each commit. It also identifies a commit that a proxy
sent twice: the second request fails its guards, but the token has the mark of the first.
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

from ska_sdp_config.engine.lease import SharedLease
from ska_sdp_config.store.backoff import growing_pauses
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import (
    CommitUnknown,
    ConfigConnectionError,
    LeaseNotFound,
    QuotaExceeded,
    TransactionTooLarge,
)
from ska_sdp_config.store.interface import (
    AnswerLost,
    Commit,
    Conflict,
    Entry,
    Guard,
    KeyAt,
    Put,
    Query,
    Reply,
    Store,
    Write,
    leases_of,
)
from ska_sdp_config.store.keys import Span

__all__ = ["Committer", "DirectCommitter", "TokenCommitter"]

LOGGER = logging.getLogger(__name__)

TOKEN_PREFIX = "token/"
"""Prefix of the keys of tokens; keys of paths begin with a digit."""

SETTLED = "settled"
"""Value of a token after a settlement; after a commit it is the mark of the commit."""

UNUSABLE = -1
"""Revision of a token whose state is not known."""

MIN_SHARE_FOR_RETRY = 0.25
"""Share of the timeout that must be left for a retry, so that it can be settled in time."""


class Committer(Protocol):
    """Commits with a known outcome."""

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        *,
        deadline: Deadline,
    ) -> int | Conflict:
        """Commit; return the revision, or the conflict.

        Raises:
            CommitUnknown: the outcome could not be determined within the timeout.
            ConfigConnectionError: the commit was not sent, or never arrived; nothing was written.
            LeaseNotFound: a write names a lease that has expired or was revoked.
            QuotaExceeded: the database has reached its quota; nothing was written.
            TransactionTooLarge: the commit exceeds a limit of the server.
        """


class DirectCommitter:
    """Commits on a store that does not lose responses."""

    def __init__(self, store: Store, client_lease: SharedLease) -> None:
        self._store = store
        self._client_lease = client_lease

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        *,
        deadline: Deadline,
    ) -> int | Conflict:
        """Commit; see Committer."""
        try:
            outcome = self._store.commit(guards, writes, refetch, timeout=deadline.next_call())
        except LeaseNotFound:
            # The next attempt needs a lease that has not ended.
            for lease in leases_of(writes):
                if not self._store.keep_lease(lease, timeout=deadline.next_call()):
                    self._client_lease.on_ended(lease)
            raise
        return outcome.revision if isinstance(outcome, Commit) else outcome


@dataclass(slots=True)
class Token:
    """Last known state of a token.

    Attributes:
        key: the key.
        lease: the ID of the attached lease.
        modified: the revision of the last write, 0 before the first one.
    """

    key: str
    lease: int
    modified: int = 0


class TokenCommitter:
    """Commits on a store that may lose responses.

    A token is used by one commit at a time, so concurrent commits use different tokens. The client
    lease is attached to them, so that they are deleted after the Config.
    """

    def __init__(self, store: Store, client_lease: SharedLease) -> None:
        self._store = store
        self._client_lease = client_lease
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
        deadline: Deadline,
    ) -> int | Conflict:
        """Commit; see Committer."""
        budget = deadline.next_call()
        end = time.monotonic() + budget
        for pause in _backoff():
            with self._token(end - time.monotonic()) as token:
                left = end - time.monotonic()
                if left < MIN_SHARE_FOR_RETRY * budget:
                    raise self._never_arrived(budget)
                try:
                    outcome = self._attempt(token, guards, writes, refetch, left)
                except LeaseNotFound:
                    if self._store.keep_lease(token.lease, timeout=end - time.monotonic()):
                        # Another lease, that a write names, has ended. The token is still usable.
                        raise
                    token.modified = UNUSABLE
                    self._client_lease.on_ended(token.lease)
                    continue
            if outcome is not None:
                return outcome
            time.sleep(max(0.0, min(pause, end - time.monotonic())))
        raise AssertionError("The backoff does not end.")

    def _attempt(
        self,
        token: Token,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query],
        budget: float,
    ) -> int | Conflict | None:
        """Commit once; return None if nothing was written and a retry is needed."""
        # Not a counter: two copies of a virtual machine would produce the same marks.
        mark = uuid.uuid4().hex
        end = time.monotonic() + budget
        # Until the outcome is known, also if an exception interrupts this.
        before, token.modified = token.modified, UNUSABLE
        try:
            outcome = self._store.commit(
                [KeyAt(token.key, before), *guards],
                [Put(token.key, mark, token.lease), *writes],
                [Query(Span(token.key)), *refetch],
                # The other half is left for the settlement.
                timeout=budget / 2,
            )
        except AnswerLost as exc:
            LOGGER.warning("The answer to a commit was lost (%s); settling it.", exc)
            return self._settle(token, before, mark, end)
        except QuotaExceeded:
            # The commit has ended, so a read decides.
            written = self._token_after_quota_exceeded(token, before, end)
            if _modified(written) == before:
                token.modified = before
                raise
            if written[0].value != mark:
                raise self._unknown() from None
            token.modified = written[0].modified
            LOGGER.warning(
                "A commit was applied at revision %d, although etcd responded that its quota is "
                "exceeded.",
                token.modified,
            )
            return token.modified
        except (LeaseNotFound, TransactionTooLarge, ConfigConnectionError):
            # The commit was rejected, or not sent.
            token.modified = before
            raise
        if isinstance(outcome, Commit):
            token.modified = outcome.revision
            return outcome.revision
        (found, *fresh) = outcome.fresh.found
        if found and found[0].value == mark:
            # A proxy sent the commit twice, and returned the second response.
            token.modified = found[0].modified
            return token.modified
        if _modified(found) != before:
            # The token was deleted with its lease, or written by a process with the same token
            # names. That is no conflict of the transaction; the token is not used again.
            if not self._store.keep_lease(token.lease, timeout=end - time.monotonic()):
                self._client_lease.on_ended(token.lease)
            return None
        token.modified = before
        return Conflict(Reply(outcome.fresh.revision, fresh))

    def _settle(self, token: Token, before: int, mark: str, end: float) -> int | None:
        """Settle a commit whose response was lost.

        Args:
            token: the token of the commit.
            before: the revision of the token before the commit.
            mark: the value that the commit writes to the token.
            end: time limit, by the monotonic clock.

        Returns:
            The revision of the commit; None if it can never take effect.
        """
        for pause in _backoff():
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                # A member loses what it forwards to a leader that has just died, without an
                # answer. Without this read, the settlement would wait until its timeout.
                self._store.read([Query(Span(token.key))], timeout=left)
                outcome = self._store.commit(
                    [KeyAt(token.key, before)],
                    [Put(token.key, SETTLED, token.lease)],
                    [Query(Span(token.key))],
                    timeout=max(0.0, end - time.monotonic()),
                )
            except AnswerLost:
                # A repeated settlement is safe: it finds the value of the first one.
                time.sleep(min(pause, max(0.0, end - time.monotonic())))
                continue
            except QuotaExceeded:
                # This settlement, or an earlier one, may have been applied all the same.
                found = self._token_after_quota_exceeded(token, before, end)
                if _modified(found) == before:
                    # The commit may still take effect, so there is no retry.
                    raise self._unknown(is_quota_exceeded=True) from None
            except (ConfigConnectionError, LeaseNotFound):
                break
            else:
                if isinstance(outcome, Commit):
                    token.modified = outcome.revision
                    return None
                found = outcome.fresh.found[0] or []
            if not found:
                break
            token.modified = found[0].modified
            return token.modified if found[0].value == mark else None
        raise self._unknown()

    def _token_after_quota_exceeded(self, token: Token, before: int, end: float) -> list[Entry]:
        """Read the token after a commit or its settlement was rejected, as the quota is exceeded.

        etcd may apply a commit and still respond with this error.

        Args:
            token: the token of the commit.
            before: the revision of the token before the commit.
            end: time limit, by the monotonic clock.

        Returns:
            The entry of the token; none if it was not written yet.

        Raises:
            CommitUnknown: the token or its lease cannot be read, or was deleted or has ended.
        """
        try:
            reply = self._store.read([Query(Span(token.key))], timeout=end - time.monotonic())
            found = reply.found[0] or []
            is_alive = bool(found) or self._store.keep_lease(
                token.lease, timeout=end - time.monotonic()
            )
        except ConfigConnectionError:
            raise self._unknown() from None
        if not is_alive:
            # The token may have been deleted with its lease.
            self._client_lease.on_ended(token.lease)
        if not is_alive or (before and not found):
            raise self._unknown() from None
        return found

    def _unknown(self, *, is_quota_exceeded: bool = False) -> CommitUnknown:
        cause = remedy = ""
        if is_quota_exceeded:
            cause, remedy = (", and its quota is exceeded", "free space, and ")
        return CommitUnknown(
            f"The database at {self._store.address} did not report whether the commit took "
            f"effect{cause}: the outcome is not known; {remedy}read the values that the commit "
            "writes before a retry."
        )

    def _never_arrived(self, seconds: float) -> ConfigConnectionError:
        return ConfigConnectionError(
            f"The database at {self._store.address} did not receive the commit within "
            f"{seconds:.3g} s, although it responds: nothing was written; try again, and if this "
            "persists look for a proxy that drops large requests."
        )

    @contextmanager
    def _token(self, timeout: float) -> Iterator[Token]:
        lease = self._client_lease.current(timeout).id
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
            # A token whose state is not known is not used again; it is deleted with its lease.
            if token.modified != UNUSABLE:
                with self._lock:
                    self._free.append(token)


def _modified(found: list[Entry] | None) -> int:
    return found[0].modified if found else 0


def _backoff() -> Iterator[float]:
    return growing_pauses(0.02, 0.3)
