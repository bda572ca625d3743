"""Builder of the writes of one command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from ska_sdp_config.lmc import paths, rejections
from ska_sdp_config.lmc.derive import obs_state
from ska_sdp_config.lmc.readiness import waiting_for
from ska_sdp_config.lmc.settings import ModelSettings, stored_settings
from ska_sdp_config.lmc.snapshot import Snapshot, Writes
from ska_sdp_config.lmc.states import Json, ObsState
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_config.lmc.transitions import TRANSITIONS, check_allowed
from ska_sdp_lmc.commands.documents import read_list
from ska_sdp_lmc.messages.internal import AssignResources, Configure, ReleaseResources, Scan

__all__ = ["Message", "WriteBuilder", "apply_command"]

MAX_SCANS = 100
"""Number of scans that the state of an execution block lists."""

Message = AssignResources | ReleaseResources | Configure | Scan


def apply_command(
    command: str,
    decide: Callable[..., None],
    snapshot: Snapshot,
    message: Message | None,
    now: datetime,
    settings: ModelSettings,
    transaction_id: str,
) -> Writes:
    """Return the writes of a command on a snapshot.

    ``decide`` is given a builder, and the message if the command has one. For the other arguments
    see WriteBuilder.

    Raises:
        CommandRejected: a rule rejects the command.
    """
    builder = WriteBuilder(snapshot, command, now, settings, transaction_id)
    if message is None:
        decide(builder)
    else:
        decide(builder, message)
    return builder.finish()


class WriteBuilder:
    """Builder of a command's writes.

    The constructor checks that State and obsState allow the command. Each method adds to the
    writes, and ``finish`` returns them.

    Attributes:
        snapshot: documents of the subarray.
        obs_state: obsState derived from the snapshot.
        settings: settings of the subarray.

    Args:
        now: current time, with a time zone.

    Raises:
        CommandRejected: the present State or obsState does not allow the command, or the entry is
            not a JSON object.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        command: str,
        now: datetime,
        settings: ModelSettings,
        transaction_id: str,
    ) -> None:
        self.obs_state = obs_state(snapshot, now, settings)
        check_allowed(command, snapshot.state, self.obs_state, snapshot.entry.admin_mode)
        snapshot.check_entry()
        self.snapshot = snapshot
        self._transition = TRANSITIONS[command]
        self.settings = settings
        self._stamp = last_updated(now)
        self._documents: dict[str, Json] = {}
        self._entry = replace(
            snapshot.entry,
            transaction_id=transaction_id,
            last_command=command,
            last_command_time=now,
            command_count=snapshot.entry.command_count + 1,
            state_commanded=self._transition.state or snapshot.entry.state_commanded,
            obs_state_commanded=self._transition.target,
            reached=False,
            settings=stored_settings(settings),
        )

    @property
    def resources(self) -> Json:
        """Resources assigned after the command."""
        return self._entry.resources

    def assign(self, resources: Json) -> None:
        """Set the assigned resources."""
        self._entry = replace(self._entry, resources=resources)

    def require_active_eb(self) -> Json:
        """Return the linked execution block for a command that adds to it.

        Raises:
            CommandRejected: none is linked, it is no longer active, or it or its state is not a
                JSON object.
        """
        snapshot = self.snapshot
        if snapshot.eb_id is None:
            raise rejections.NO_BLOCK_ACTIVE.rejection()
        if snapshot.eb is None or snapshot.eb_status != "ACTIVE":
            raise rejections.BLOCK_ENDED.rejection(eb_id=snapshot.eb_id, status=snapshot.eb_status)
        if snapshot.is_damaged(paths.state_of(paths.execution_block(snapshot.eb_id))):
            raise rejections.BLOCK_ENDED.rejection(eb_id=snapshot.eb_id, status="missing")
        return snapshot.eb

    def create_eb(self, eb_id: str, eb: Json) -> None:
        """Create an execution block with its state, and link it."""
        path = paths.execution_block(eb_id)
        self._documents[path] = {**eb, "last_updated": self._stamp}
        self._documents[paths.state_of(path)] = self._state_of_eb({}, eb, "ACTIVE", [])
        self._entry = replace(self._entry, eb_id=eb_id, acknowledged=(), errors={})

    def create_pb(self, pb_id: str, pb: Json) -> None:
        """Create a processing block."""
        self._documents[paths.processing_block(pb_id)] = pb

    def update_eb(self, *, scans: Iterable[Json] | None = None, **fields: Any) -> None:
        """Update the linked execution block and its state.

        Do nothing if it is missing. A document that is not a JSON object is kept.

        Args:
            scans: scans of its state, with new ones at the end; None for the present ones.
            fields: fields of the execution block.
        """
        eb, eb_id = self.snapshot.eb, self.snapshot.eb_id
        if eb is None or eb_id is None:
            return
        listed = self.scans if scans is None else list(scans)
        unchanged = all(name in eb and eb[name] == value for name, value in fields.items())
        if unchanged and listed == self.scans:
            return
        path = paths.execution_block(eb_id)
        changed = {**eb, **fields, "last_updated": self._stamp}
        status = fields.get("status", self.snapshot.eb_status)
        self._documents[path] = changed
        state_path = paths.state_of(path)
        if not self.snapshot.is_damaged(state_path):
            self._documents[state_path] = self._state_of_eb(
                self.snapshot.eb_state or {}, changed, status, listed
            )

    @property
    def scans(self) -> list[Json]:
        """Scans of the linked execution block."""
        return read_list(self.snapshot.eb_state or {}, "scans")

    def closed_scans(self, status: str) -> list[Json]:
        """Return the scans with running ones ended, as FINISHED or ABORTED."""
        return [
            {**scan, "status": status}
            if isinstance(scan, dict) and scan.get("status") == "ACTIVE"
            else scan
            for scan in self.scans
        ]

    def end_eb(self, status: str) -> None:
        """End the linked execution block and unlink it.

        Args:
            status: FINISHED or CANCELLED; a block that another program has ended keeps its own.
        """
        ended = {"status": status} if self.snapshot.eb_status == "ACTIVE" else {}
        self.update_eb(
            scans=self.closed_scans("ABORTED"),
            current_scan_type=None,
            scan_id=None,
            subarray_id=None,
            **ended,
        )
        self._entry = replace(self._entry, eb_id=None, acknowledged=(), errors={})

    def acknowledge_failures(self) -> None:
        """Acknowledge the failed processing blocks, so that they no longer cause FAULT."""
        failed = [pb.pb_id for pb in self.snapshot.pbs.values() if pb.failed]
        acknowledged = tuple(dict.fromkeys([*self._entry.acknowledged, *failed]))
        self._entry = replace(self._entry, acknowledged=acknowledged, errors={})

    def set_target(self, target: ObsState) -> None:
        """Replace the target obsState of the command."""
        self._entry = replace(self._entry, obs_state_commanded=target)

    def finish(self) -> Writes:
        """Return the writes, including the subarray's entry.

        ``reached`` is set at once if the command waits for nothing, which saves a second
        transaction for most commands.
        """
        path = self.snapshot.entry_path
        entry = self._documents[path] = self._entry.document()
        if not self._must_wait():
            self._documents[path] = {**entry, "reached": True}
        return Writes(self._documents)

    def _must_wait(self) -> bool:
        pending = self._transition.pending
        if pending is None:
            return False
        after = self.snapshot.with_writes(Writes(self._documents), self.snapshot.revision)
        return bool(waiting_for(pending.until, after, self.settings))

    def _state_of_eb(self, known: Json, eb: Json, status: str, scans: list[Json]) -> Json:
        before = len(read_list(known, "scans"))
        return {
            **known,
            "status": status,
            "scan_type": eb.get("current_scan_type"),
            "scan_id": eb.get("scan_id"),
            "scans": scans[-MAX_SCANS:],
            "scans_total": _scans_total(known, before) + len(scans) - before,
            "last_updated": self._stamp,
        }


def _scans_total(state: Json, listed: int) -> int:
    """Return the number of all scans; older servers list all scans and do not count them."""
    total = state.get("scans_total")
    if isinstance(total, int) and not isinstance(total, bool) and total >= listed:
        return total
    return listed
