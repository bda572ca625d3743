"""Current entries of a target, then each change in order: the loop of ``watch`` and ``wait``."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import closing, nullcontext
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ska_sdp_config.cli.errors import TimedOut
from ska_sdp_config.cli.interrupts import EndRequest, end_on_interrupt, end_on_timeout
from ska_sdp_config.cli.output import note
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.suggestions import DATE_PART, similar_name
from ska_sdp_config.cli.targets import Target
from ska_sdp_config.live.key_change import KeyChange
from ska_sdp_config.live.revisions import Gap, stream
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.keys import EVERYTHING, key_of_path

if TYPE_CHECKING:
    from ska_sdp_config.engine.backend import Backend

__all__ = ["Texts", "changes", "key_changes"]

Texts = dict[str, "str | None"]
"""Texts by path, None after a delete."""


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
    shown, revision = _read(backend, target)
    if not (shown or quiet):
        _note_absence(backend, target)
    yield _update({}, shown, revision)
    spans = target.spans

    def includes(path: str) -> bool:
        key = key_of_path(path)
        return any(key in span for span in spans) and target.includes(path)

    # One watch: the changes of several watches would not be in order.
    span = EVERYTHING if target.kind else spans[0]
    found = stream(backend.store, revision + 1, includes, span=span, is_lossless=False, end=end)
    # The changes of a commit together: a condition must not hold in between.
    with closing(found) as commits:
        for commit in commits:
            if isinstance(commit, Gap):
                now, revision = _read_with_retries(backend, target)
                paths = sorted(shown.keys() | now.keys())
                yield _update(shown, {path: now.get(path) for path in paths}, revision)
            elif commit.revision > revision:
                yield _update(shown, commit.texts, commit.revision)


def _note_absence(backend: Backend, target: Target) -> None:
    """Print that the target does not exist yet.

    Scripts often wait for what another program is about to create: without a terminal it is
    printed only if the name resembles another one, and has no date.
    """
    is_terminal = sys.stderr.isatty()
    is_one = not (target.word or target.is_whole_kind)
    # The next ID of a day resembles the others of the day, although it is right.
    may_be_next = DATE_PART.match(target.path.rpartition("/")[2]) and not is_terminal
    is_compared = is_one and not may_be_next
    meant = similar_name(backend, target.path, target.kind) if is_compared else None
    if meant:
        note(f"{target.absence} yet: did you mean {meant!r}? Waiting, press Ctrl-C to stop.")
    elif is_terminal:
        note(f"{target.absence} yet: waiting, press Ctrl-C to stop.")


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
