"""Expected behaviour of a subarray: an independent model of commands and obsState, as tables.

It is written from the documentation, and shares no code with the model of the devices. Its input
is the commands and writes of the test; it never reads the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.cells import ALLOWED_IN, PATHS

# Commands that unlink the execution block, with the resources that remain assigned.
_DROPS = {"On", "Off", "ReleaseAllResources", "End", "Restart"}
_RELEASES = {"On", "Off", "ReleaseAllResources", "Restart"}
_NEEDS_ACTIVE_BLOCK = {"Configure", "Scan"}
_WAITS = {"AssignResources": "resourced", "ObsReset": "resourced", "Configure": "configured"}

COMMANDS = tuple(PATHS)

# Valid successors of each obsState in the events of a server, from its start to its end: those of
# the commands, FAULT after a failure or a timeout, and EMPTY after Off.
FOLLOWING = {
    "EMPTY": {"RESOURCING"},
    "RESOURCING": {"IDLE", "EMPTY", "ABORTING", "FAULT"},
    "IDLE": {"RESOURCING", "CONFIGURING", "ABORTING", "FAULT", "EMPTY"},
    "CONFIGURING": {"READY", "ABORTING", "FAULT", "EMPTY"},
    "READY": {"CONFIGURING", "SCANNING", "IDLE", "ABORTING", "FAULT", "EMPTY"},
    "SCANNING": {"READY", "ABORTING", "FAULT", "EMPTY"},
    "ABORTING": {"ABORTED"},
    "ABORTED": {"RESETTING", "RESTARTING", "EMPTY"},
    "RESETTING": {"IDLE", "ABORTING", "FAULT", "EMPTY"},
    "FAULT": {"RESETTING", "RESTARTING", "EMPTY"},
    "RESTARTING": {"EMPTY"},
}


@dataclass
class Block:
    """A processing block in the state written by its script."""

    realtime: bool
    receives: bool
    status: str = "STARTING"
    resources: bool = False
    addresses: bool = False
    # None before the script has written anything about its deployments.
    ready: bool | None = None
    acknowledged: bool = False

    @property
    def failed(self) -> bool:
        return self.status == "FAILED"

    @property
    def left_out(self) -> bool:
        return self.failed and self.acknowledged

    @property
    def past_waiting(self) -> bool:
        return self.resources and self.status not in ("STARTING", "WAITING")


@dataclass(frozen=True)
class Outcome:
    """Expected result of a command: a rejection, or obsState events."""

    reason: str = ""
    text: str = ""
    events: tuple[str, ...] = ()


@dataclass
class Expected:
    """One subarray.

    Attributes:
        state: State.
        target: obsState that was commanded.
        pending: obsState that is shown while the last command waits.
        waits: condition that the last command waits for, empty when it holds.
        late: whether its timeout has expired.
        timed_out: whether the timeout is written to the database.
        eb: status of the linked execution block, nothing when none is linked.
        eb_id: its id.
        named: the processing block that it names for receive addresses.
        blocks: its processing blocks.
        receptors: assigned receptors.
    """

    state: str = "OFF"
    target: str = "EMPTY"
    pending: str = ""
    waits: str = ""
    late: bool = False
    timed_out: bool = False
    eb: str = ""
    eb_id: str = ""
    named: str = ""
    blocks: dict[str, Block] = field(default_factory=dict)
    receptors: set[str] = field(default_factory=set)

    # The obsState: docs/reference/devices.md

    @property
    def realtime(self) -> list[Block]:
        return [block for block in self.blocks.values() if block.realtime]

    def obs_state(self) -> str:
        """The obsState by the first rule of the derivation that holds."""
        is_waiting = bool(self.waits) and not self._holds(self.waits)
        rules = [
            (not self.eb and not self.timed_out, self.target),
            (self.target == "ABORTED", "ABORTED"),
            (self.timed_out or self._has_failed() or (is_waiting and self.late), "FAULT"),
            (is_waiting, self.pending),
            (True, self.target),
        ]
        return next(result for holds, result in rules if holds)

    def _has_failed(self) -> bool:
        return any(block.failed and not block.acknowledged for block in self.realtime)

    def _holds(self, condition: str) -> bool:
        counted = [b for b in self.realtime if not b.left_out and b.status != "FINISHED"]
        if condition == "configured":
            return all(block.ready is not False for block in counted)
        if not all(block.past_waiting for block in counted):
            return False
        if not self.named:
            return not any(block.receives for block in counted)
        named = self.blocks[self.named]
        return named.addresses or named.left_out or named.status == "FINISHED"

    def look(self) -> None:
        """Apply the changes of a running server that is connected to the database."""
        if not self.waits or not self.eb or self.timed_out or self._has_failed():
            return
        if self._holds(self.waits):
            self.waits = ""
        elif self.late and self.target != "ABORTED":
            self.timed_out = True

    # Commands: docs/reference/devices.md and docs/reference/rejections.md

    def rejection(self, command: str) -> Outcome | None:
        """Return the rejection of a command; None if it is allowed."""
        obs_state = self.obs_state()
        if (command == "On") is not (self.state == "OFF"):
            other = "OFF" if command == "On" else "ON"
            return _not_allowed(command, f"device state is {self.state}; allowed in {other}")
        if command != "On" and obs_state not in ALLOWED_IN[command]:
            allowed = ", ".join(ALLOWED_IN[command])
            return _not_allowed(command, f"obsState is {obs_state}; allowed in {allowed}")
        if command in _NEEDS_ACTIVE_BLOCK:
            if not self.eb:
                return Outcome("API_CommandFailed", "No execution block is active")
            if self.eb != "ACTIVE":
                return Outcome("API_CommandFailed", f"Execution block {self.eb_id} is {self.eb}")
        return None

    def accept(
        self,
        command: str,
        *,
        eb_id: str = "",
        blocks: dict[str, Block] | None = None,
        assigned: set[str] | None = None,
        released: set[str] | None = None,
    ) -> tuple[str, ...]:
        """Apply an allowed command and its message; return the obsStates of its events."""
        before = self.obs_state()
        path = list(PATHS[command])
        self.receptors |= assigned or set()
        self.receptors -= released or set()
        drops = command in _DROPS
        if command == "ReleaseResources" and not self.receptors:
            path[-1], drops = "EMPTY", True
        if command in _RELEASES:
            self.receptors = set()
        if command == "ObsReset":
            for block in self.blocks.values():
                block.acknowledged |= block.failed
            self.timed_out = False
        if drops or eb_id:
            self.eb, self.eb_id, self.named, self.blocks = "", "", "", {}
            self.timed_out = False
        if eb_id:
            self.eb, self.eb_id = "ACTIVE", eb_id
        self.blocks |= blocks or {}
        self.state = {"On": "ON", "Off": "OFF"}.get(command, self.state)
        self.target = path[-1]
        self.pending = path[0]
        self.waits = _WAITS.get(command, "")
        self.late = False
        self.look()
        if not self.eb:
            self.waits = ""
        after = self.obs_state()
        events = [*path[:-1], after] if path[:-1] != [after] else [after]
        return tuple(events) if events != [before] else ()


def _not_allowed(command: str, why: str) -> Outcome:
    return Outcome("API_CommandNotAllowed", f"Command {command} not allowed when {why}")
