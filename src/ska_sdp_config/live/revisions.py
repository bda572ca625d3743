"""Changes of the database, revision by revision: the past from etcd's history, then live."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from ska_sdp_config.live.whole_spans import read_texts
from ska_sdp_config.store.errors import Compacted, ConfigConnectionError, ConfigRefused
from ska_sdp_config.store.interface import Change, GapCause, Query, Store
from ska_sdp_config.store.keys import EVERYTHING, Span, readable_path_of

__all__ = [
    "MAX_QUEUED_BYTES",
    "MAX_QUEUED_CHANGES",
    "EndRequest",
    "Gap",
    "Past",
    "Revision",
    "describe_gap",
    "oldest_revision",
    "past",
    "read_texts",
    "stream",
]

MAX_QUEUED_CHANGES = 20_000
"""Number of received changes after which a stream waits until they are consumed."""

MAX_QUEUED_BYTES = 64_000_000
"""Size of the received texts after which a stream waits until they are consumed."""

MAX_SILENT_CALLS = 3
"""Consecutive timeouts without changes, while the database responds, after which a read of the
past fails."""

Includes = Callable[[str], bool]
"""Selects paths."""


class EndRequest(Protocol):
    """Request to end a stream.

    Attributes:
        wake: callback for the request to call.
    """

    wake: Callable[[], None]

    @property
    def is_set(self) -> bool:
        """Whether the stream must end."""


class Revision(NamedTuple):
    """Changes of one revision: the texts by path, None after a delete."""

    revision: int
    texts: Mapping[str, str | None]


class Gap(NamedTuple):
    """Loss of the changes up to a revision.

    Attributes:
        revision: the revision.
        cause: the cause.
    """

    revision: int
    cause: GapCause


class Past(NamedTuple):
    """Oldest kept revision, with the texts by path; the changes that follow begin there.

    Attributes:
        revision: the revision.
        texts: the texts by path.
        gap: why another ``Past`` preceded this one, None for the first.
    """

    revision: int
    texts: Mapping[str, str]
    gap: Gap | None = None


def describe_gap(revision: int, cause: GapCause) -> str:
    """Return the note on a gap, after which the changes of a later revision are the next."""
    return f"Changes up to revision {revision} are missing: {cause.value}."


class _Batch(NamedTuple):
    """Received changes, and the newest revision that they complete."""

    newest: int
    changes: Sequence[Change]


class _Window:
    """Sink of a watch that queues a limited number of changes; the rest has to be watched again.

    Without the limits, a slow consumer would need as much memory as etcd's history.
    """

    def __init__(self, includes: Includes, last: int | None) -> None:
        self.queue: queue.SimpleQueue[_Batch | Gap | None] = queue.SimpleQueue()
        self._includes = includes
        self._last = last
        self._room = MAX_QUEUED_CHANGES
        self._room_bytes = MAX_QUEUED_BYTES

    def changed(self, changes: Sequence[Change]) -> None:
        if self._is_full():
            return
        kept = [each for each in changes if self._matches(each.key)]
        # A read of the past ends at its last revision, and fails if nothing is received.
        if kept or self._last is not None:
            self.queue.put(_Batch(changes[-1].revision, kept))
        self._room -= len(kept)
        self._room_bytes -= sum(len(each.entry.value) for each in kept if each.entry)
        if self._is_full():
            self.queue.put(None)

    def _is_full(self) -> bool:
        return self._room <= 0 or self._room_bytes <= 0

    def _matches(self, key: str) -> bool:
        path = readable_path_of(key)
        return path is not None and self._includes(path)

    def gap(self, revision: int, cause: GapCause) -> None:
        self.queue.put(Gap(revision, cause))

    def wake(self) -> None:
        self.queue.put(None)


def stream(
    store: Store,
    first: int,
    includes: Includes = lambda path: True,
    *,
    span: Span = EVERYTHING,
    is_lossless: bool = True,
    last: int | None = None,
    end: EndRequest | None = None,
) -> Generator[Revision | Gap, None, None]:
    """Yield the changes of each revision in order, each once, also after an outage.

    Args:
        store: the database.
        first: the first revision.
        includes: selects the paths.
        span: the span to watch, which contains these paths.
        is_lossless: whether only a compaction or a restore is a gap, see ``Store.watch``.
        last: the last revision, which exists; None to continue until ``end``.
        end: request to end the stream.

    Raises:
        ConfigConnectionError: the database does not respond and ``last`` is given. Without it
            the stream waits.
    """
    next_revision = first
    while last is None or next_revision <= last:
        window = _Window(includes, last)
        if end:
            end.wake = window.wake
            if end.is_set:
                return
        watch = store.watch(span, next_revision, window, is_lossless=is_lossless)
        try:
            for received in _received(store, window, last is not None):
                if end and end.is_set:
                    return
                if isinstance(received, Gap):
                    next_revision = received.revision + 1
                    yield received
                    continue
                for revision, group in groupby(received.changes, lambda each: each.revision):
                    if last is not None and revision > last:
                        return
                    yield Revision(revision, _texts(group))
                next_revision = received.newest + 1
                if last is not None and next_revision > last:
                    return
        finally:
            watch.cancel()


def past(store: Store, spans: Sequence[Span], includes: Includes) -> Iterator[Past | Revision]:
    """Yield what some spans held at the oldest kept revision, then each change up to the present.

    If the database is compacted meanwhile, another ``Past`` follows, of the revision from which
    the history continues.

    Args:
        store: the database.
        spans: the spans, which contain all paths of interest.
        includes: selects paths within the spans.

    Raises:
        ConfigConnectionError: the database does not respond.
    """
    last = store.read([], timeout=store.timeout).revision
    gap: Gap | None = None
    while True:
        try:
            oldest = oldest_revision(store)
            _, texts = read_texts(store, spans, oldest)
        except Compacted:
            continue
        yield Past(oldest, {path: text for path, text in texts.items() if includes(path)}, gap)
        for each in stream(store, oldest + 1, includes, last=last):
            if isinstance(each, Gap):
                gap = each
                break
            yield each
        else:
            return


def _received(store: Store, window: _Window, is_past: bool) -> Iterator[_Batch | Gap]:
    """Yield what a window receives until it is full, or its end is requested.

    Raises:
        ConfigConnectionError: the database does not respond, or does not deliver the past.
    """
    silent = 0
    while True:
        try:
            received = window.queue.get(timeout=store.timeout if is_past else None)
        except queue.Empty:
            _check_right_to_watch(store)
            silent += 1
            if silent < MAX_SILENT_CALLS:
                continue
            raise ConfigConnectionError(
                f"The database at {store.address} did not deliver its history within "
                f"{silent * store.timeout:g} s: try again, or with a longer SDP_CONFIG_TIMEOUT."
            ) from None
        if received is None:
            return
        silent = 0
        yield received


def _check_right_to_watch(store: Store) -> None:
    """Check that the database responds, and lets the user read all keys.

    A watch does not report either: it is resumed.

    Raises:
        ConfigConnectionError: it does not respond.
        ConfigRefused: it rejects the read.
    """
    try:
        store.read([Query(EVERYTHING, keys_only=True, limit=1)], timeout=store.timeout)
    except ConfigRefused as exc:
        raise ConfigRefused(f"{exc} A watch needs the right to read all keys.") from exc


def _texts(changes: Iterator[Change]) -> dict[str, str | None]:
    found = ((readable_path_of(each.key), each.entry) for each in changes)
    return {path: entry and entry.value for path, entry in found if path is not None}


def oldest_revision(store: Store) -> int:
    """Return the oldest revision that can be read, by bisection: no call returns it."""
    low, high = 1, store.read([], timeout=store.timeout).revision
    while low < high:
        middle = (low + high) // 2
        try:
            store.read([Query(Span("0"))], middle, timeout=store.timeout)
        except Compacted:
            low = middle + 1
        else:
            high = middle
    return low
