"""Timeline of a subarray: its obsStates, scans, commands and healthStates, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from ska_sdp_config.lmc.health import health
from ska_sdp_config.lmc.observe import observe
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_web.encoding import when

__all__ = ["MAX_ITEMS", "Begin", "Observed", "Timeline", "items_between", "observed"]

MAX_ITEMS = 300
"""Number of items that a timeline keeps, the newest."""

Item = dict[str, Any]


class Observed(NamedTuple):
    """Values of a subarray at a revision.

    Attributes:
        obs_state: derived obsState.
        health: derived healthState.
        reason: text of the first fault, empty without any.
        scan_id: running scan, 0 without one.
        scan_type: configured scan type, ``null`` without one.
        commands: number of accepted commands.
        command: name of the last one.
        command_time: when it was accepted, None if it is unknown.
        transaction_id: its transaction ID.
    """

    obs_state: ObsState
    health: HealthState
    reason: str
    scan_id: int
    scan_type: str
    commands: int
    command: str
    command_time: datetime | None
    transaction_id: str


class Begin(NamedTuple):
    """First revision of a timeline.

    Attributes:
        revision: its first revision.
        time: its time, None if it is unknown.
        is_compacted: whether etcd no longer has the revisions before it.
        is_cut: whether older revisions or items were left out by a limit.
        state: ``reading`` while the past is read, ``read``, or ``failed``.
        error: why it could not be read, None otherwise.
    """

    revision: int
    time: datetime | None
    is_compacted: bool
    is_cut: bool = False
    state: str = "read"
    error: str | None = None

    def cut_before(self, item: Item) -> Begin:
        """Return the begin of a timeline without what was before an item."""
        return self._replace(revision=item["revision"], time=None, is_cut=True)

    def document(self) -> Item:
        """Return it as JSON."""
        return {
            "revision": self.revision,
            "time": when(self.time),
            "is_compacted": self.is_compacted,
            "is_cut": self.is_cut,
            "state": self.state,
            "error": self.error,
        }


def observed(snapshot: Snapshot) -> Observed:
    """Derive the values of a subarray."""
    view = observe(snapshot)
    faults = view.faults or ()
    return Observed(
        view.obs_state,
        health(faults, None),
        " ".join(faults[0].text.split()) if faults else "",
        view.scan_id,
        view.scan_type,
        view.command_count,
        view.last_command,
        snapshot.entry.last_command_time,
        view.transaction_id,
    )


def items_between(
    before: Observed | None, after: Observed | None, revision: int, time: datetime | None
) -> list[Item]:
    """Return the items for the step between the values at two revisions.

    Args:
        before: the values before, None if the subarray had no entry.
        after: the values after, likewise.
        revision: the later revision.
        time: its time, None if it is unknown.
    """

    def item(kind: str, text: str, detail: str = "", at: datetime | None = time) -> Item:
        head = {"revision": revision, "time": when(at), "kind": kind}
        return {**head, "text": text, "detail": detail}

    if after is None:
        return [item("obs_state", "", "the entry was deleted")] if before is not None else []
    found = []
    is_first = before is None
    is_sent = before is None or (before.commands, before.transaction_id) != (
        after.commands,
        after.transaction_id,
    )
    if after.command and is_sent:
        at = after.command_time or time
        found.append(item("command", after.command, after.transaction_id, at))
    if before is None or before.obs_state is not after.obs_state:
        reason = after.reason if after.obs_state is ObsState.FAULT else ""
        found.append(item("obs_state", after.obs_state.name, reason))
    scan_before = 0 if before is None else before.scan_id
    if scan_before != after.scan_id:
        if scan_before:
            found.append(item("scan", f"scan {scan_before} ended"))
        if after.scan_id:
            found.append(item("scan", f"scan {after.scan_id} started", after.scan_type))
    if is_first or (before is not None and before.health is not after.health):
        found.append(item("health", after.health.name, after.reason))
    return found


class Timeline:
    """Timeline that continues live, before which the past is put once it was read.

    Args:
        snapshot: the subarray now, None without an entry.
        revision: the present revision.
        time: its time.

    Attributes:
        begin: where it begins.
        revision: the revision at which it was created.
    """

    def __init__(self, snapshot: Snapshot | None, revision: int, time: datetime) -> None:
        self.revision = revision
        state = "read" if snapshot is None else "reading"
        self.begin = Begin(revision, time, is_compacted=False, state=state)
        self._last = None if snapshot is None else observed(snapshot)
        self._live: deque[Item] = deque(maxlen=MAX_ITEMS + 1)
        # Shown until the past was read.
        self._past: list[Item] = items_between(None, self._last, revision, time)

    def update(self, snapshot: Snapshot | None, revision: int, time: datetime) -> None:
        """Add the items of a later revision."""
        after = None if snapshot is None else observed(snapshot)
        self._live += items_between(self._last, after, revision, time)
        self._last = after

    def set_past(self, begin: Begin, items: Iterable[Item]) -> None:
        """Set the items up to the revision at which this timeline was created."""
        self.begin, self._past = begin, list(items)

    def set_failure(self, error: str) -> None:
        """Note that the past could not be read."""
        self.begin = self.begin._replace(state="failed", error=error)

    def document(self) -> Item:
        """Return it as JSON."""
        items = [*self._past, *self._live]
        begin = self.begin
        if len(items) > MAX_ITEMS:
            items = items[-MAX_ITEMS:]
            begin = begin.cut_before(items[0])
        return {"begins": begin.document(), "items": items}
