"""``ska-sdp replay``: print the derived state of each subarray in a recording."""

from __future__ import annotations

import click

from ska_sdp_config.cli.group import make_command
from ska_sdp_config.cli.output import Printer, note
from ska_sdp_config.cli.recording.file import read_recording
from ska_sdp_config.cli.recording.format import Snapshot

__all__ = ["command"]


def _replay(file: str, out: Printer, prefix: str) -> None:
    # Imports the model, and with it pydantic, which the help does not need.
    from ska_sdp_config.live.observed import ObservedSubarrays

    observed: ObservedSubarrays | None = None
    for part in read_recording(file):
        if observed is None:
            # A recording with a prefix has only the paths below it.
            recorded = part.prefix if isinstance(part, Snapshot) else None
            observed = ObservedSubarrays(recorded or prefix)
        if not isinstance(part, Snapshot):
            changes = observed.update(part.revision, part.texts)
        else:
            changes = observed.replace(part.revision, part.texts)
            if part.gap is None:
                out.current(changes)
                continue
            if not out.quiet:
                note(_describe_gap(part.gap, part.revision))
        out.key_changes(each._replace(time=part.time) for each in changes)


def _describe_gap(gap: int, revision: int) -> str:
    if revision > gap:
        return f"Changes from revision {gap + 1} to {revision} are missing."
    return (
        f"The database was replaced after revision {gap}; the recording continues at its revision "
        f"{revision}."
    )


command = make_command(
    "replay",
    _replay,
    [click.Argument(["file"], metavar="FILE", type=click.Path())],
    help="Print what each subarray showed while 'ska-sdp record' wrote FILE: obsState, "
    "healthState and the first faults, whenever they changed, with the time of receipt. They are "
    "derived from the recorded documents; the database is not needed.",
)
