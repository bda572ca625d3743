"""Tango client that makes one observation after another with one subarray.

It acts upon State and obsState only, so that it continues from any of them after a fault: also
from those of an observation that another client began. A completed observation is recorded as an
operation of kind ``observation``: its resources were assigned and released by this client, and in
between all its scans ended. A state that does not continue, and so is aborted if possible, is
recorded as ``stuck``.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tango

from ska_sdp_config.lmc.states import ObsState, State
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_sim.demo.content import Content, configure, scan
from tests.faults.clients.content import small
from tests.faults.clients.program import parser, start
from tests.faults.clients.sending import Sender
from tests.faults.history import HistoryWriter, Operation
from tests.faults.limits import PATIENCE_S

SCANS = 2
"""Scans of an observation, each of another scan type."""

ABORT_SHARE = 0.03
"""Share of the commands that are Abort instead, where it is allowed."""

ABORTABLE = (ObsState.IDLE, ObsState.READY, ObsState.SCANNING)


@dataclass
class Seen:
    """Values that the device has shown without a change.

    Attributes:
        state: value of State.
        obs_state: value of obsState, None if the device has none yet.
        since: when it was seen first, on the monotonic clock.
        is_noted: whether it is recorded as ``stuck``.
    """

    state: str
    obs_state: ObsState | None
    since: float
    is_noted: bool = False


@dataclass
class Progress:
    """Observation that the client has begun.

    Attributes:
        content: its messages.
        scans: scans that have ended.
        is_configured: whether the subarray was configured for the next scan.
        is_released: whether the client has sent the release of the resources after all scans.
    """

    content: Content
    scans: int = 0
    is_configured: bool = False
    is_released: bool = False

    @property
    def is_done(self) -> bool:
        """Whether all scans have ended."""
        return self.scans >= SCANS


def next_command(obs_state: ObsState, progress: Progress | None) -> str | None:
    """Return the command that follows in an obsState, None while it is pending."""
    if obs_state is ObsState.EMPTY:
        return "AssignResources"
    if obs_state is ObsState.SCANNING:
        return "EndScan"
    if obs_state in (ObsState.FAULT, ObsState.ABORTED):
        return "Restart"
    is_over = progress is None or progress.is_done
    if obs_state is ObsState.IDLE:
        return "ReleaseAllResources" if is_over else "Configure"
    if obs_state is ObsState.READY:
        if is_over:
            return "End"
        return "Scan" if progress and progress.is_configured else "Configure"
    return None


class Observer:
    """Observes with one subarray.

    Args:
        sender: sends the commands.
        history: history of the client.
        chance: source of random choices.
        clock: returns the present time on the monotonic clock, in seconds.
    """

    def __init__(
        self,
        sender: Sender,
        history: HistoryWriter,
        chance: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender = sender
        self._history = history
        self._chance = chance
        self._clock = clock
        self._progress: Progress | None = None
        self._seen: Seen | None = None

    def step(self) -> None:
        """Send the command that follows; do nothing while the device does not respond."""
        seen = self._look()
        if seen is None:
            return
        if seen.obs_state is ObsState.EMPTY:
            self._note_completed()
        command = self._choose(seen)
        if command is not None:
            self._send(command)

    def _look(self) -> Seen | None:
        """Return what the device shows, None without a response."""
        before, self._seen = self._seen, None
        try:
            subarray = self._sender.subarray
            state, value = str(subarray.proxy.state()), subarray.read("obsState")
            obs_state = None if value is None else ObsState(value)
        except (tango.DevFailed, ValueError):
            # It may change and change back before the next response.
            return None
        is_same = before is not None and (before.state, before.obs_state) == (state, obs_state)
        self._seen = before if is_same else Seen(state, obs_state, self._clock())
        return self._seen

    def _note_completed(self) -> None:
        """Note the end of an observation in EMPTY, and whether it was completed."""
        if self._progress is None:
            return
        if self._progress.is_released:
            self._history.note(
                "observation",
                subarray=self._sender.subarray_id,
                eb_id=self._progress.content.eb_id,
                scans=self._progress.scans,
            )
        self._progress = None

    def _choose(self, seen: Seen) -> str | None:
        """Return the next command, None while a state is pending."""
        if seen.state == State.OFF.name:
            return "On"
        obs_state, command = seen.obs_state, None
        if obs_state is not None and seen.state == State.ON.name:
            command = next_command(obs_state, self._progress)
        if command is None:
            return self._end_if_stuck(seen)
        if obs_state in ABORTABLE and self._chance.random() < ABORT_SHARE:
            return "Abort"
        if command == "Restart" and self._progress and self._chance.random() < 0.5:
            return "ObsReset"
        return command

    def _end_if_stuck(self, seen: Seen) -> str | None:
        """Note once a pending state that lasts too long; return Abort if that may end it."""
        if self._clock() <= seen.since + PATIENCE_S:
            return None
        if not seen.is_noted:
            seen.is_noted = True
            self._history.note(
                "stuck",
                subarray=self._sender.subarray_id,
                state=seen.state,
                obs_state=seen.obs_state.name if seen.obs_state is not None else None,
                since=seen.since,
            )
        is_abortable = seen.obs_state in TRANSITIONS["Abort"].obs_states
        return "Abort" if seen.state == State.ON.name and is_abortable else None

    def _send(self, command: str) -> None:
        began = Progress(small()) if command == "AssignResources" else None
        operation = self._sender.send(command, self._message(command, began))
        if operation.outcome == "failed":
            return
        if began is not None:
            self._progress = began
        elif self._progress is not None:
            self._advance(self._progress, operation)

    def _advance(self, progress: Progress, operation: Operation) -> None:
        """Note what a command that was not rejected has brought about."""
        command = operation.details["command"]
        if command == "EndScan" and operation.outcome == "ok":
            progress.scans += 1
            progress.is_configured = False
        elif command in ("Configure", "ObsReset"):
            # If its outcome is unknown, the obsState shows it: Scan is sent in READY only.
            progress.is_configured = command == "Configure"
        elif command == "ReleaseAllResources":
            progress.is_released = progress.is_done

    def _message(self, command: str, began: Progress | None) -> dict[str, Any] | None:
        """Return the argument of a command, None if it has none."""
        progress = began or self._progress
        if progress is None:
            return None
        content = progress.content
        make: dict[str, Callable[[], dict[str, Any]]] = {
            "AssignResources": lambda: content.message,
            "Configure": lambda: json.loads(
                configure(content.scan_types[progress.scans % len(content.scan_types)])
            ),
            "Scan": lambda: json.loads(scan(self._chance.randint(1, 10_000))),
        }
        return make[command]() if command in make else None


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--device", required=True, help="resource locator of the subarray")
    options = arguments.parse_args()
    _, history, chance, stop = start(options)
    with history:
        observer = Observer(Sender(options.device, history), history, chance)
        for _ in stop.steps():
            observer.step()


if __name__ == "__main__":
    main()
