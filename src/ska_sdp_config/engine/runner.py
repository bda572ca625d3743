"""The loop that runs the body of a transaction until it commits."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence

from ska_sdp_config.engine.committer import Committer
from ska_sdp_config.engine.transaction import Txn
from ska_sdp_config.store.counts import Counts
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import CommitUnknown, ConfigConnectionError, LeaseNotFound
from ska_sdp_config.store.interface import Conflict, Query, Reader, Reply

__all__ = ["MAX_RETRIES", "transactions"]

LOGGER = logging.getLogger(__name__)

MAX_RETRIES = 64
"""How often a transaction is run again by default."""

FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.2
PATIENCE = 8
"""Retries after which a transaction begins to press."""


def pause_before(retry: int) -> float:
    """Get the seconds to wait before a retry, counted from 1.

    The first retry starts at once. Later the window grows, so that many writers of one key
    thin out, but within it the draw leans towards nothing the longer a transaction has been
    at it: who has waited longest mostly goes first.
    """
    if retry < 2:
        return 0.0
    window = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (retry - 2))
    return float(window * random.random() ** max(1.0, retry / PATIENCE))


def transactions(
    store: Reader,
    committer: Committer,
    counts: Counts,
    deadline: Deadline,
    *,
    max_retries: int = MAX_RETRIES,
    prefetch: Sequence[Query] = (),
    warm: bool = True,
    seen: Callable[[int, int], None] = lambda revision, at_least: None,
    finished: Callable[[Txn], None] = lambda txn: None,
    unreachable: Callable[[ConfigConnectionError], None] | None = None,
) -> Iterator[Txn]:
    """Yield attempts at a transaction, until one commits.

    Args:
        store: where it reads.
        committer: what commits it.
        counts: where it is counted.
        deadline: when it must be through.
        max_retries: how often it is run again.
        prefetch: what to read with the first read, in the same round trip.
        warm: whether a retry starts from what the conflict brought back.
        seen: is called with the revision of whatever this process has read or committed, and
            the least that it can be, unless the database was restored from an older copy.
        finished: is given the last attempt, however it ended.
        unreachable: is called when a commit could not be sent, and waits until it is worth
            another try; without it the error is raised.

    Raises:
        RuntimeError: others were faster at every attempt; names the keys in dispute.
        CommitUnknown: it was not to be known whether the commit took effect.
        ConfigConnectionError: the database does not answer.
        TransactionTooLarge: the transaction is over a bound of the server.
        LeaseNotFound: a write names a lease that has ended.
    """

    def read(queries: Sequence[Query], revision: int) -> Reply:
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
                # What the conflict brought back is old by now: read it anew, all in one call.
                known = None
            if known is None and queries:
                known = read(queries, 0)
            txn = Txn(read, deadline, known, queries)
            try:
                yield txn
            finally:
                txn.end()
            known = None
            if txn.doomed:
                retry += 1
                continue
            try:
                outcome = txn.commit(
                    lambda *request: committer.commit(*request, deadline=deadline)
                )
            except LeaseNotFound:
                # The body may take the Config's lease, which is granted anew; but not for ever.
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
        # However it ends, by an error or a break too: who watches has read what it has read.
        if txn is not None:
            finished(txn)
