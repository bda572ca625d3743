"""Stores that count or fail, and sinks of their watches."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ska_sdp_config.backend import ConfigConnectionError
from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.store.interface import Change, Delete, GapCause, Put, Query, Reply, Watch
from ska_sdp_config.store.keys import EVERYTHING, Span
from tests.support.waiting import wait_until


class Outage:
    """Outage of a database: its reads fail while it is active.

    Attributes:
        is_active: whether reads fail.
        failed_reads: number of reads that failed.
    """

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_active = True
        self.failed_reads = 0
        self._read = backend.store.read
        monkeypatch.setattr(backend.store, "read", self.read)

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        if self.is_active:
            self.failed_reads += 1
            raise ConfigConnectionError("outage")
        return self._read(queries, revision, timeout=timeout)


class CountedReads:
    """Records the queries of each call that reads."""

    def __init__(self, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        self.queries: list[Sequence[Query]] = []
        self._read = backend.store.read
        monkeypatch.setattr(backend.store, "read", self.read)

    def read(self, queries: Sequence[Query], revision: int = 0, *, timeout: float) -> Reply:
        self.queries.append(queries)
        return self._read(queries, revision, timeout=timeout)


class RecordingSink:
    """Sink that records changes, and asserts that each call delivers whole revisions."""

    watch: Watch
    """Set by ``watch_from_now``."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.gaps: list[int] = []
        self.causes: list[GapCause] = []
        self.calls = 0

    def changed(self, changes: Sequence[Change]) -> None:
        revisions = [change.revision for change in changes]
        assert revisions == sorted(revisions)
        assert not self.changes or revisions[0] > self.changes[-1].revision
        self.changes += changes
        self.calls += 1

    def gap(self, revision: int, cause: GapCause) -> None:
        self.causes.append(cause)
        self.gaps.append(revision)

    def expect(self, *expected: tuple[str, str | None]) -> None:
        """Wait until exactly these changes were delivered."""

        def delivered() -> list[tuple[str, str | None]]:
            return [(c.key, c.entry.value if c.entry else None) for c in self.changes]

        wait_until(lambda: len(delivered()) >= len(expected), what=f"{expected} in {delivered()}")
        assert delivered() == list(expected)


def watch_from_now(backend: Backend, span: Span = EVERYTHING) -> RecordingSink:
    """Watch a span from the next revision on."""
    sink = RecordingSink()
    sink.watch = backend.store.watch(span, now(backend) + 1, sink)
    return sink


def commit(backend: Backend, **values: str | None) -> int:
    """Write or, with None, delete keys in one commit; return its revision."""
    writes = [
        Delete(Span(f"1/{name}")) if value is None else Put(f"1/{name}", value)
        for name, value in values.items()
    ]
    outcome = backend.store.commit([], writes, timeout=20)
    return outcome.revision  # type: ignore[union-attr]  # it has no guards


def now(backend: Backend) -> int:
    """Return the newest revision."""
    return backend.store.read([], timeout=20).revision
