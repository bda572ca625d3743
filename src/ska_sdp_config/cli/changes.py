"""Current entries of a target, then each change in order: the loop of ``watch`` and ``wait``."""

from __future__ import annotations

import queue
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, nullcontext
from datetime import datetime, timezone
from itertools import groupby
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import TimedOut
from ska_sdp_config.cli.interrupts import EndRequest, end_on_interrupt, end_on_timeout
from ska_sdp_config.cli.key_change import KeyChange
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.keys import EVERYTHING, path_of_key

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend
    from ska_sdp_config.store.interface import Change

__all__ = ["Texts", "changes", "key_changes"]

Texts = dict[str, "str | None"]
"""Texts by path, None after a delete."""

GAP = None
"""In place of changes: some were lost to a compaction."""


class _Sink:
    """Sink of a watch that queues the changes of some keys."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._spans = target.spans
        self.queue: queue.SimpleQueue[list[Change] | None] = queue.SimpleQueue()

    def changed(self, changes: Sequence[Change]) -> None:
        matching = [each for each in changes if self._matches(each.key)]
        if matching:
            self.queue.put(matching)

    def _matches(self, key: str) -> bool:
        in_spans = any(key in span for span in self._spans)
        return in_spans and self._target.includes(path_of_key(key))

    def gap(self, revision: int) -> None:
        self.queue.put(GAP)

    def wake(self) -> None:
        self.queue.put([])


def changes(
    target: Target, timeout: float | None, *, quiet: bool = False, code: int = 0
) -> Generator[Texts, None, None]:
    """Yield the entries of a target, then the texts that each commit changed; see key_changes."""
    with closing(key_changes(target, timeout, quiet=quiet, code=code)) as found:
        for commit in found:
            yield {each.path: each.after for each in commit}


def key_changes(
    target: Target, timeout: float | None, *, quiet: bool = False, code: int = 0
) -> Generator[list[KeyChange], None, None]:
    """Yield the entries of a target, then the changes of each commit, until Ctrl-C.

    The entries are yielded as if they were created. A write of the same text is not a change. The
    time of a change is that of its receipt.

    Args:
        target: the key or object.
        timeout: seconds, None for no limit.
        quiet: whether to suppress the note that the target does not exist yet.
        code: the exit code if Ctrl-C must kill the process.

    Raises:
        TimedOut: the timeout has elapsed.
        ConfigConnectionError: the database was unreachable at the start; later it is retried.
    """
    late = TimedOut(f"Timed out after {timeout or 0:g} s: use a longer --timeout, or none.")
    with (
        end_on_interrupt(code) as end,
        open_backend(nullcontext(), waits=True) as backend,
        end_on_timeout(end, timeout, late),
    ):
        try:
            yield from _changes(backend, target, end, quiet)
        except ConfigConnectionError as exc:
            if end.error:
                raise end.error from exc
            raise
        if end.error:
            raise end.error


def _changes(
    backend: Backend, target: Target, end: EndRequest, quiet: bool
) -> Generator[list[KeyChange], None, None]:
    sink = _Sink(target)
    end.wake = sink.wake
    shown, revision = _read(backend, target)
    if not (shown or quiet) and sys.stderr.isatty():
        note(f"{target.absence} yet: waiting, press Ctrl-C to stop.")
    yield _update({}, shown, revision)
    # One watch: the changes of several watches would not be in order.
    watch = backend.store.watch(EVERYTHING if target.kind else target.spans[0], revision + 1, sink)
    try:
        while not end.is_set:
            received = sink.queue.get()
            if received is GAP:
                now, revision = _read_with_retries(backend, target)
                paths = sorted(shown.keys() | now.keys())
                yield _update(shown, {path: now.get(path) for path in paths}, revision)
            # The changes of a commit together: a condition must not hold in between.
            for modified, group in groupby(received or (), lambda change: change.revision):
                texts = {path_of_key(each.key): each.entry and each.entry.value for each in group}
                if modified > revision:
                    yield _update(shown, texts, modified)
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


def _read_with_retries(backend: Backend, target: Target) -> tuple[dict[str, str], int]:
    from ska_sdp_config.engine.watcher import until_answered

    store = backend.store
    no_limit = Deadline(store.timeout, None, store.address)
    return until_answered(store, lambda seconds: _read(backend, target), no_limit)


def _update(
    shown: dict[str, str], texts: Mapping[str, str | None], revision: int
) -> list[KeyChange]:
    """Apply changes to the shown texts; return those that differ."""
    time = datetime.now(timezone.utc)
    changed = [
        KeyChange(path, shown.get(path), text, revision, time)
        for path, text in texts.items()
        if shown.get(path) != text
    ]
    for each in changed:
        if each.after is None:
            del shown[each.path]
        else:
            shown[each.path] = each.after
    return changed
