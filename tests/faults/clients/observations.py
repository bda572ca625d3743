"""Tango client that observes again and again with one subarray, as the telescope manager does.

It acts upon State and obsState only, so that it continues from any of them after a fault: also
from those of an observation that another client began. A completed observation is recorded as an
operation of kind ``observation``: its resources were assigned and released by this client, and in
between all its scans ended. One that does not continue, and so is aborted, is recorded as
``stuck``.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import tango

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_sim.demo.content import Content, configure, scan
from tests.faults.clients.content import small
from tests.faults.clients.program import parser, start
from tests.faults.clients.sending import Sender
from tests.faults.history import HistoryWriter, Operation

SCANS = 2
"""Scans of an observation, each of another scan type."""

ABORT_SHARE = 0.03
"""Share of the commands that are Abort instead, where it is allowed."""

PATIENCE_S = 75.0
"""Time in a pending obsState after which the observation is aborted, in seconds: longer than the
devices' default timeout of 60 s, which ends it before."""

IN_PROGRESS = (ObsState.ABORTING, ObsState.RESTARTING)
"""Pending obsStates that Abort does not end."""

ABORTABLE = (ObsState.IDLE, ObsState.READY, ObsState.SCANNING)


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
    """

    def __init__(self, sender: Sender, history: HistoryWriter, chance: random.Random) -> None:
        self._sender = sender
        self._history = history
        self._chance = chance
        self._progress: Progress | None = None
        self._seen: tuple[ObsState, float] = ObsState.EMPTY, time.monotonic()

    def step(self) -> None:
        """Send the command that follows; do nothing while the device does not respond."""
        with suppress(tango.DevFailed, ValueError):
            subarray = self._sender.subarray
            state = subarray.proxy.state()
            obs_state = ObsState(subarray.read("obsState"))
            self._look(obs_state)
            command = self._choose(obs_state) if state == tango.DevState.ON else None
            if state == tango.DevState.OFF:
                command = "On"
            if command is not None:
                self._send(command)

    def _look(self, obs_state: ObsState) -> None:
        """Note an obsState, and a completed observation."""
        if obs_state is not self._seen[0]:
            self._seen = obs_state, time.monotonic()
        if obs_state is not ObsState.EMPTY or self._progress is None:
            return
        if self._progress.is_released:
            self._history.note(
                "observation",
                subarray=self._sender.subarray_id,
                eb_id=self._progress.content.eb_id,
                scans=self._progress.scans,
            )
        self._progress = None

    def _choose(self, obs_state: ObsState) -> str | None:
        command = next_command(obs_state, self._progress)
        since = self._seen[1]
        if command is None and obs_state not in IN_PROGRESS:
            if time.monotonic() <= since + PATIENCE_S:
                return None
            self._history.note(
                "stuck", subarray=self._sender.subarray_id, obs_state=obs_state.name
            )
            return "Abort"
        if obs_state in ABORTABLE and self._chance.random() < ABORT_SHARE:
            return "Abort"
        if command == "Restart" and self._progress and self._chance.random() < 0.5:
            return "ObsReset"
        return command

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
