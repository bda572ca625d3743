"""Loop over attempts at a transaction until one commits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence

from ska_sdp_config.engine.committer import Committer
from ska_sdp_config.engine.predicted_reads import PredictedReads
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.backoff import random_share
from ska_sdp_config.store.counts import Counts
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import CommitUnknown, ConfigConnectionError, LeaseNotFound
from ska_sdp_config.store.fork import CreatorProcess
from ska_sdp_config.store.interface import Conflict, Query, Reader, Reply

__all__ = ["MAX_RETRIES", "transactions"]

LOGGER = logging.getLogger(__name__)

MAX_RETRIES = 64
"""Default number of retries of a transaction."""

MIN_BACKOFF_S = 0.002
MAX_BACKOFF_S = 0.2
RETRIES_BEFORE_PRIORITY = 8
"""Number of retries above which shorter pauses become more probable."""


def pause_before(retry: int) -> float:
    """Return the seconds to wait before a retry, counted from 1.

    The first retry starts at once. Later the window grows exponentially, so that fewer writers of
    one key collide. Within the window, more retries make a short pause more probable, so that no
    transaction starves.
    """
    if retry < 2:
        return 0.0
    window = min(MAX_BACKOFF_S, MIN_BACKOFF_S * 2.0 ** (retry - 2))
    return float(window * random_share() ** max(1.0, retry / RETRIES_BEFORE_PRIORITY))


def transactions(
    store: Reader,
    committer: Committer,
    counts: Counts,
    deadline: Deadline,
    creator: CreatorProcess,
    *,
    max_retries: int = MAX_RETRIES,
    prefetch: Sequence[Query] = (),
    predicted: PredictedReads | None = None,
    warm: bool = True,
    seen: Callable[[int, int], None] = lambda revision, at_least: None,
    finished: Callable[[Txn], None] = lambda txn: None,
    unreachable: Callable[[ConfigConnectionError], None] | None = None,
) -> Iterator[Txn]:
    """Yield attempts at a transaction, until one commits.

    Args:
        store: where to read.
        committer: commits the transaction.
        counts: counters of transactions.
        deadline: time limit of the transaction.
        creator: the process that may use the transaction.
        max_retries: number of retries after conflicts.
        prefetch: queries to read before the first attempt, in one round trip.
        predicted: extends the first read of an attempt. Watchers have none, as they read from the
            cache.
        warm: whether a retry starts with the entries that the conflict returned.
        seen: called with each revision that was read or committed, and the lowest revision that
            is possible unless the database was restored from an older copy.
        finished: called with the last attempt, whether or not it failed.
        unreachable: called when a commit could not be sent; waits before the next attempt. Without
            it the error is raised.

    Raises:
        RuntimeError: every attempt had a conflict; the message names the keys.
        CommitUnknown: the outcome of the commit is not known.
        ConfigConnectionError: the database does not respond.
        TransactionTooLarge: the transaction exceeds a limit of the server.
        LeaseNotFound: a write names a lease that has expired or was revoked.
        ForkedProcessError: the body has forked, and this is the child.
    """

    def read(queries: Sequence[Query], revision: int) -> Reply:
        creator.check()
        reply = store.read(queries, revision, timeout=deadline.next_call())
        seen(reply.revision, 0)
        return reply

    known: Reply | None = None
    queries = prefetch
    lease_ended = False
    retry = 0
    txn: Txn | None = None
    counts.count("transactions")
    try:
        while retry <= max_retries:
            if txn is not None:
                counts.count("retries")
                if warm:
                    queries = txn.reads.queries()
            if retry > 1:
                time.sleep(max(0.0, min(pause_before(retry), deadline.left())))
                # The entries that the conflict returned are stale by now: read them again.
                known = None
            if known is None and queries:
                known = read(queries, 0)
            txn = Txn(read, deadline, known, queries, predicted)
            try:
                yield txn
            finally:
                txn.end()
            creator.check()
            known = None
            if txn.must_retry:
                retry += 1
                continue
            try:
                outcome = txn.commit(
                    lambda *request: committer.commit(*request, deadline=deadline)
                )
            except LeaseNotFound:
                # The Config's lease is granted again for the next attempt. Retry only once: a body
                # that names another lease would fail forever.
                if lease_ended:
                    raise
                lease_ended = True
                continue
            except CommitUnknown:
                raise
            except ConfigConnectionError as exc:
                if unreachable is None:
                    raise
                unreachable(exc)
                continue
            if not isinstance(outcome, Conflict):
                if outcome is not None:
                    read_at, txn.reads.revision = txn.reads.revision, outcome
                    seen(outcome, read_at)
                counts.count("committed")
                return
            counts.count("conflicts")
            retry += 1
            seen(outcome.fresh.revision, txn.reads.revision)
            deadline.disputed = txn.reads.disputed(outcome.fresh)
            if warm:
                known = outcome.fresh
            LOGGER.debug("Conflict on %s, retry %d", deadline.disputed, retry)
        raise RuntimeError(
            f"The transaction gave up after {max_retries} retries: others kept changing "
            f"{', '.join(deadline.disputed) or 'what it read'}; make it smaller or raise "
            "max_retries."
        )
    finally:
        # Also after an error or a break: a watcher has to watch what the body has read.
        if txn is not None:
            finished(txn)
