"""Commits that arrive late, twice or never, or whose answer is lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from ska_sdp_config.store.errors import LeaseNotFound, QuotaExceeded
from ska_sdp_config.store.interface import (
    AnswerLost,
    Commit,
    Conflict,
    Guard,
    Query,
    Store,
    Write,
)


class Held(NamedTuple):
    """A commit that is still on its way."""

    guards: Sequence[Guard]
    writes: Sequence[Write]


class CommitFaults:
    """Faults between a client and its real database; replaces the ``commit`` of a store.

    Attributes:
        plan: for each commit to come: ``request`` never arrives, ``silence`` never arrives and
            takes all its time, ``late`` arrives with ``deliver``, ``answer`` takes effect but
            its answer is lost, ``resent`` arrives twice and only the second answer returns, as
            by a proxy that repeats requests, ``applied when full`` takes effect and is answered
            that the database is full, ``full`` only the latter, ``interrupted early`` and
            ``interrupted late`` end in Ctrl-C before and after they take effect, ``fine`` is not
            affected.
        held: the late commits.
        count: number of commits.
    """

    def __init__(self, store: Store) -> None:
        self.plan: list[str] = []
        self.held: list[Held] = []
        self.count = 0
        self._commit = store.commit
        store.commit = self.commit  # type: ignore[method-assign]

    def commit(
        self,
        guards: Sequence[Guard],
        writes: Sequence[Write],
        refetch: Sequence[Query] = (),
        *,
        timeout: float,
    ) -> Commit | Conflict:
        self.count += 1
        fate = self.plan.pop(0) if self.plan else "fine"
        if fate == "interrupted early":
            raise KeyboardInterrupt
        if fate == "late":
            self.held.append(Held(guards, writes))
        if fate in ("answer", "resent", "applied when full", "interrupted late"):
            with suppress(LeaseNotFound):
                self._commit(guards, writes, refetch, timeout=timeout)
        if fate == "interrupted late":
            raise KeyboardInterrupt
        if fate in ("full", "applied when full"):
            raise QuotaExceeded("The database is full.")
        if fate == "silence":
            threading.Event().wait(timeout)
        if fate not in ("fine", "resent"):
            raise AnswerLost(fate)
        return self._commit(guards, writes, refetch, timeout=timeout)

    def deliver(self, held: Held) -> Commit | Conflict | None:
        """Deliver a late commit; None if it names a lease that has ended."""
        try:
            return self._commit(*held, timeout=20)
        except LeaseNotFound:
            return None
