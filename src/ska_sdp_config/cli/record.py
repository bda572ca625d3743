"""``ska-sdp record``: append every change of the database to a file, until Ctrl-C."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timezone

import click

from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.interrupts import end_on_interrupt
from ska_sdp_config.cli.output import Printer, note
from ska_sdp_config.cli.recording.file import open_recording
from ska_sdp_config.cli.recording.format import Changes, Snapshot
from ska_sdp_config.cli.revisions import Gap, read_texts, stream
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.store.deadline import Deadline
from ska_sdp_config.store.interface import Store
from ska_sdp_config.store.keys import EVERYTHING

__all__ = ["command"]


def _record(file: str, out: Printer, prefix: str) -> None:
    def includes(path: str) -> bool:
        return path.startswith(f"{prefix}/")

    def snapshot(store: Store, before: int) -> Snapshot:
        revision, texts = _read_everything(store)
        texts = {path: text for path, text in texts.items() if includes(path)}
        return Snapshot(revision, _now(), texts, before or None)

    with end_on_interrupt() as end, open_backend(nullcontext(), waits=True) as backend:
        store = backend.store
        # Before the file is created.
        newest = store.read([], timeout=store.timeout).revision
        with open_recording(file) as recording:
            if not recording.revision or recording.revision > newest:
                # A database that has not reached the revision was restored from an older copy.
                recording.append(snapshot(store, recording.revision))
            if not out.quiet:
                note(f"Recording to {file} after revision {recording.revision}: Ctrl-C ends it.")
            for each in stream(store, recording.revision + 1, includes, end=end):
                if isinstance(each, Gap):
                    recording.append(snapshot(store, recording.revision))
                elif each.revision > recording.revision:
                    recording.append(Changes(each.revision, _now(), each.texts))
            if not out.quiet:
                note(f"{file} is complete up to revision {recording.revision}.")


def _read_everything(store: Store) -> tuple[int, dict[str, str]]:
    """Read all texts, and retry during an outage."""
    from ska_sdp_config.engine.watcher import until_answered

    no_limit = Deadline(store.timeout, None, store.address)
    return until_answered(
        store, lambda seconds: read_texts(store, [EVERYTHING], timeout=seconds), no_limit
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)


command = make_command(
    "record",
    _record,
    [click.Argument(["file"], metavar="FILE", type=click.Path())],
    help="Append every change of the database, or of what is below --prefix, to FILE until "
    "Ctrl-C: first a snapshot, then a JSON document for each revision. A recording is continued "
    "after its last revision. Changes that were compacted before they were received are a gap, "
    "followed by a new snapshot. 'ska-sdp replay' reads it.",
)
