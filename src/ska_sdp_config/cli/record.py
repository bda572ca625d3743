"""``ska-sdp record``: append every change of the database to a file, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timezone
from typing import TypeVar

import click

from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.interrupts import end_on_interrupt
from ska_sdp_config.cli.output import Printer, note
from ska_sdp_config.cli.recording.file import RecordingFile, open_recording
from ska_sdp_config.cli.recording.format import Changes, Snapshot
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.live.revisions import (
    COMPACTED,
    RESTORED,
    Gap,
    describe_gap,
    read_texts,
    stream,
)
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import Compacted
from ska_sdp_config.store.interface import Store
from ska_sdp_config.store.keys import EVERYTHING

__all__ = ["command"]

R = TypeVar("R")


def _record(file: str, out: Printer, prefix: str) -> None:
    def includes(path: str) -> bool:
        return path.startswith(f"{prefix}/")

    def read(store: Store, revision: int = 0) -> tuple[int, dict[str, str]]:
        found, texts = _retry(
            store,
            lambda seconds: read_texts(store, [EVERYTHING], revision, timeout=seconds),
        )
        return found, {path: text for path, text in texts.items() if includes(path)}

    def snapshot(store: Store, before: int) -> Snapshot:
        revision, texts = read(store)
        return Snapshot(revision, _now(), texts, before or None, _cluster_id(store), prefix)

    def cause_of_gap(store: Store, recording: RecordingFile) -> str:
        """Return why a recording cannot be continued without a gap, empty if it can."""
        if recording.cluster not in ("", _cluster_id(store)):
            return RESTORED
        if (
            recording.revision
            > _retry(store, lambda seconds: store.read([], timeout=seconds)).revision
        ):
            # The database was restored from an older copy.
            return RESTORED
        try:
            # A restored copy may have the same ID and reach the same revision.
            is_same = read(store, recording.revision)[1] == recording.texts
        except Compacted:
            return COMPACTED
        return "" if is_same else RESTORED

    def note_gap(recording: RecordingFile, cause: str) -> None:
        if cause and not out.quiet:
            note(describe_gap(recording.revision, cause))

    with end_on_interrupt(1) as end, open_backend(nullcontext(), waits=True) as backend:
        store = backend.store
        # Before the file is created.
        store.read([], timeout=store.timeout)
        with open_recording(file, prefix) as recording:
            is_new = not recording.revision
            cause = "" if is_new else cause_of_gap(store, recording)
            if is_new or cause:
                recording.append(snapshot(store, recording.revision))
            # The file has a complete snapshot.
            end.exit_code = 0
            if not out.quiet:
                note(f"Recording to {file} after revision {recording.revision}: Ctrl-C ends it.")
            note_gap(recording, cause)
            for each in stream(store, recording.revision + 1, includes, end=end):
                if isinstance(each, Gap):
                    # A restored database may be newer than the recording, as after a compaction.
                    cause = cause_of_gap(store, recording) or each.cause
                    recording.append(snapshot(store, recording.revision))
                    note_gap(recording, cause)
                elif each.revision > recording.revision:
                    recording.append(Changes(each.revision, _now(), each.texts))
            if not out.quiet:
                note(f"{file} is complete up to revision {recording.revision}.")


def _cluster_id(store: Store) -> str:
    return _retry(store, lambda seconds: store.cluster_id(timeout=seconds))


def _retry(store: Store, call: Callable[[float], R]) -> R:
    """Retry a call, with its timeout in seconds as argument, during an outage."""
    from ska_sdp_config.engine.watcher import until_answered

    return until_answered(store, call, Deadline(store.timeout, None, store.address))


def _now() -> datetime:
    return datetime.now(timezone.utc)


command = make_command(
    "record",
    _record,
    [click.Argument(["file"], metavar="FILE", type=click.Path())],
    help="Append every change of the database, or of what is below --prefix, to FILE until "
    "Ctrl-C: first a snapshot, then a JSON document for each revision. A recording is continued "
    "after its last revision. Changes that were compacted before they were received, and a "
    "restored or other database, are a gap, followed by a new snapshot. 'ska-sdp replay' reads "
    "FILE.",
)
