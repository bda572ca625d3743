"""What is stored for a target, then each change of it, one by one and in order."""

from __future__ import annotations

import queue
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ska_sdp_config.cli.follow import following, tell_of_nothing
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.engine.transaction import MAX_DEPTH
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.keys import EVERYTHING, Span, key_of_path, path_of_key, spans_below

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.store.interface import Change

__all__ = ["changes"]

GAP = None
"""In place of changes: some were lost, as the database was compacted before they were told."""


class _Sink:
    """Takes what a watch tells of some keys; see :class:`~ska_sdp_config.store.interface.Sink`."""

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
    """Get the entries of a target, then each change of them, until Ctrl-C.

    To write what is there already is no change.

    Args:
        target: what to look at.
        prefix: what stands before the paths of objects.
        timeout: seconds that it may take, None for ever.
        quiet: whether to leave it unsaid that there is nothing yet.

    Yields:
        Paths with their texts, None where one was deleted.

    Raises:
        TimeUp: it took too long.
        ConfigConnectionError: the database does not answer at the start; later it is waited for.
    """
    spans = [Span(key_of_path(target.path))]
    if target.kind:
        spans += spans_below(target.path, MAX_DEPTH)
    sink = _Sink(spans)
    with following(prefix, timeout) as course:
        course.wake_by(sink.wake)
        backend = course.config.backend
        shown, revision = _read(backend, target)
        if not quiet:
            tell_of_nothing(target, shown)
        yield from shown.items()
        # One watch has the changes of several keys in their order, several have not.
        watch = backend.store.watch(EVERYTHING if target.kind else spans[0], revision + 1, sink)
        try:
            while course.goes_on():
                told = sink.told.get()
                if told is GAP:
                    now, revision = _read_patiently(backend, target)
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
    """Get what is stored, and at which revision."""
    found: dict[str, str] = {}
    revision = 0
    for txn in backend.txn():
        found = target.read(txn)
        revision = txn.revision
    return found, revision


def _read_patiently(backend: Backend, target: Target) -> tuple[dict[str, str], int]:
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
