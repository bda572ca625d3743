"""Current entries of a target, then each change in order."""

from __future__ import annotations

import queue
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ska_sdp_config.cli.follow import note_if_missing, open_wait
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.keys import EVERYTHING, Span, key_of_path, path_of_key, spans_below

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.store.interface import Change

__all__ = ["changes"]

GAP = None
"""In place of changes: some were lost to a compaction."""


class _Sink:
    """Sink of a watch that queues the changes of some keys."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self.told: queue.SimpleQueue[list[Change] | None] = queue.SimpleQueue()

    def changed(self, changes: Sequence[Change]) -> None:
        mine = [each for each in changes if any(each.key in span for span in self._spans)]
        if mine:
            self.told.put(mine)

    def gap(self, revision: int) -> None:
        self.told.put(GAP)

    def wake(self) -> None:
        self.told.put([])


def changes(
    target: Target, prefix: str, timeout: float | None, *, quiet: bool = False
) -> Generator[tuple[str, str | None], None, None]:
    """Yield the entries of a target, then each change of them, until Ctrl-C.

    A write of the same text is not a change.

    Args:
        target: the key or object.
        prefix: the global prefix.
        timeout: seconds, None for no limit.
        quiet: whether to suppress the note that the target does not exist yet.

    Yields:
        Paths with their texts, None after a delete.

    Raises:
        TimedOut: the timeout has elapsed.
        ConfigConnectionError: the database was unreachable at the start; later it is retried.
    """
    spans = [Span(key_of_path(target.path))]
    if target.kind:
        spans += spans_below(target.path, MAX_DEPTH)
    sink = _Sink(spans)
    with open_wait(prefix, timeout) as wait:
        wait.on_end(sink.wake)
        backend = wait.config.backend
        shown, revision = _read(backend, target)
        if not quiet:
            note_if_missing(target, shown)
        yield from shown.items()
        # One watch: the changes of several watches would not be in order.
        watch = backend.store.watch(EVERYTHING if target.kind else spans[0], revision + 1, sink)
        try:
            while wait.is_running():
                told = sink.told.get()
                if told is GAP:
                    now, revision = _read_until_answered(backend, target)
                    yield from _differences(shown, now)
                    shown = now
                for change in told or ():
                    path, text = path_of_key(change.key), change.entry and change.entry.value
                    if change.revision > revision and shown.get(path) != text:
                        yield path, text
                        if text is None:
                            del shown[path]
                        else:
                            shown[path] = text
        finally:
            watch.cancel()


def _read(backend: Backend, target: Target) -> tuple[dict[str, str], int]:
    """Return the stored entries and their revision."""
    found: dict[str, str] = {}
    revision = 0
    for txn in backend.txn():
        found = target.read(txn)
        revision = txn.revision
    return found, revision


def _read_until_answered(backend: Backend, target: Target) -> tuple[dict[str, str], int]:
    from ska_sdp_config.engine.watcher import until_answered

    store = backend.store
    for_ever = Deadline(store.timeout, None, store.address)
    return until_answered(store, lambda seconds: _read(backend, target), for_ever)


def _differences(
    before: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) != now.get(path):
            yield path, now.get(path)
