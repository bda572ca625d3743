"""``ska-sdp history``: the past of a key or an object, as far back as etcd has kept it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ska_sdp_config.cli.errors import NotFound
from ska_sdp_config.cli.options import SINCE, flag
from ska_sdp_config.cli.output import Printer, note
from ska_sdp_config.cli.session import open_backend
from ska_sdp_config.cli.suggestions import nothing_at
from ska_sdp_config.cli.targets import Target, TargetGroup
from ska_sdp_config.live.key_change import KeyChange
from ska_sdp_config.live.revisions import Past, describe_gap, past

__all__ = ["command"]


class _Since:
    """Filter that drops changes until one has a time that is late enough.

    The changes after it are kept, with or without a time: they are later.

    Attributes:
        earliest: the earliest time; None without a limit, or once a change has met it.
    """

    def __init__(self, since: timedelta | None) -> None:
        self.earliest = None if since is None else datetime.now(timezone.utc) - since

    def select(self, changes: list[KeyChange]) -> list[KeyChange]:
        """Return the changes of a revision, or none if they are too early."""
        if self.earliest is not None and not self._late(changes):
            return []
        self.earliest = None
        return changes

    def select_values(self, present: list[KeyChange]) -> list[KeyChange]:
        """Return those of the first values that are late enough: each has its own time."""
        if self.earliest is None:
            return present
        late = self._late(present)
        if late:
            self.earliest = None
        return late

    def _late(self, changes: list[KeyChange]) -> list[KeyChange]:
        earliest = self.earliest
        return [each for each in changes if earliest and each.time and each.time >= earliest]


def _history(
    target: Target, out: Printer, prefix: str, since: timedelta | None, values: bool
) -> None:
    # Imports the model, and with it pydantic, which the help does not need.
    from ska_sdp_config.cli.object_history import make_history

    history, limit = make_history(target, prefix), _Since(since)
    found = False
    begins = 0
    with open_backend() as backend:
        for part in past(backend.store, history.spans, history.includes):
            if not isinstance(part, Past):
                changes = history.update(part.revision, part.texts)
                found = found or bool(changes)
                out.key_changes(limit.select(changes), whole=values)
                continue
            if not out.quiet:
                _note_begin(part)
            present = history.begin(part.revision, part.texts)
            found = found or bool(present)
            if begins:
                out.key_changes(limit.select(present), whole=values)
            else:
                out.current(limit.select_values(present))
            begins = part.revision
        if not found:
            absence = f"{{}} does not exist and did not at any revision since {begins}"
            raise NotFound(nothing_at(backend, target.path, target.kind, absence))
    if limit.earliest is not None and not out.quiet:
        note(f"No value with a time since {limit.earliest:%Y-%m-%d %H:%M:%S} UTC.")


def _note_begin(part: Past) -> None:
    """Print the revision at which the history begins, or continues after a gap."""
    if part.gap is not None:
        note(describe_gap(part.revision, part.gap.cause))
    elif part.revision == 1:
        note("The history is complete, from revision 1.")
    else:
        note(f"The history begins at revision {part.revision}: earlier ones were compacted.")


command = TargetGroup(
    "history",
    _history,
    "Print the history of {}",
    options=[
        SINCE,
        flag("-v", "--values", text="Print whole values, not changed fields."),
    ],
    help="Print what a key or an object was, revision by revision, as far back as etcd has kept "
    "it. etcd keeps no times: that shown is in the value itself, last_updated or "
    "last_command_time, and blank if it has none. A subarray is shown with the obsState and "
    "healthState derived at each revision.",
)
