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
    Gap,
    describe_gap,
    read_texts,
    stream,
)
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.errors import Compacted
from ska_sdp_config.store.interface import GapCause, Store
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

    def cause_of_gap(store: Store, recording: RecordingFile) -> GapCause | None:
        """Return the cause of the gap in a continued recording, None if there is none."""
        if recording.cluster not in ("", _cluster_id(store)):
            return GapCause.RESTORED
        if (
            recording.revision
            > _retry(store, lambda seconds: store.read([], timeout=seconds)).revision
        ):
            # The database was restored from an older copy.
            return GapCause.RESTORED
        try:
            # A restored copy may have the same cluster ID and the same revision.
            is_same = read(store, recording.revision)[1] == recording.texts
        except Compacted:
            return GapCause.COMPACTED
        return None if is_same else GapCause.RESTORED

    def note_gap(recording: RecordingFile, cause: GapCause | None) -> None:
        if cause and not out.quiet:
            note(describe_gap(recording.revision, cause))

    with end_on_interrupt(1) as end, open_backend(nullcontext(), waits=True) as backend:
        store = backend.store
        # Fail without a database before the file is created.
        store.read([], timeout=store.timeout)
        with open_recording(file, prefix) as recording:
            is_new = not recording.revision
            cause = None if is_new else cause_of_gap(store, recording)
            if is_new or cause:
                recording.append(snapshot(store, recording.revision))
            # From now on the file has a complete snapshot, so Ctrl-C is a success.
            end.exit_code = 0
            if not out.quiet:
                note(f"Recording to {file} after revision {recording.revision}: Ctrl-C ends it.")
            note_gap(recording, cause)
            for each in stream(store, recording.revision + 1, includes, end=end):
                if isinstance(each, Gap):
                    recording.append(snapshot(store, recording.revision))
                    note_gap(recording, each.cause)
                elif each.revision > recording.revision:
                    recording.append(Changes(each.revision, _now(), each.texts))
            if not out.quiet:
                note(f"{file} is complete up to revision {recording.revision}.")


def _cluster_id(store: Store) -> str:
    return _retry(store, lambda seconds: store.cluster_id(timeout=seconds))


def _retry(store: Store, call: Callable[[float], R]) -> R:
    """Call a function with a timeout in seconds; retry it during an outage."""
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
