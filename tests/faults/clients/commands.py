"""Tango client that sends a subarray random commands and records the outcome of each."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

import tango

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.transitions import TRANSITIONS
from tests.faults.clients.program import parser, start
from tests.faults.clients.sending import Sender
from tests.faults.history import HistoryWriter
from tests.support.scripts import ARGUMENTS, assignment

ALLOWED_SHARE = 0.8
"""Share of the commands that the last known obsState allows."""

RARE = {"Off": 0.05, "Abort": 0.1, "End": 0.3, "ReleaseResources": 0.2, "ReleaseAllResources": 0.2}
"""Weights of commands that would end most observations early; 1 for the others."""


class Commander:
    """Sends commands to one subarray.

    Args:
        trl: resource locator of the subarray.
        history: history of the client.
        chance: source of random choices.
    """

    def __init__(self, trl: str, history: HistoryWriter, chance: random.Random) -> None:
        self._sender = Sender(trl, history)
        self._chance = chance

    def step(self) -> None:
        """Send a command and wait for its answer."""
        command = self._choose()
        self._sender.send(command, self._message(command))

    def _choose(self) -> str:
        """Return a command, most often one that the present state allows.

        While a command is pending, only rare ones are allowed: then most are rejected.
        """
        allowed = self._allowed()
        common = [name for name in allowed if name not in RARE]
        share = ALLOWED_SHARE if common else 1 - ALLOWED_SHARE
        commands = allowed if allowed and self._chance.random() < share else list(TRANSITIONS)
        if not common and commands is not allowed:
            commands = [name for name in TRANSITIONS if name not in allowed]
        return self._chance.choices(commands, [RARE.get(name, 1.0) for name in commands])[0]

    def _allowed(self) -> list[str]:
        """Return the commands that State and obsState allow, none if they are unknown."""
        with suppress(tango.DevFailed, ValueError):
            subarray = self._sender.subarray
            state = str(subarray.proxy.state())
            obs_state = ObsState(subarray.read("obsState"))
            return [
                name
                for name, transition in TRANSITIONS.items()
                if obs_state in transition.obs_states
                and state in {each.name for each in transition.states}
            ]
        return []

    def _message(self, command: str) -> dict[str, Any] | None:
        """Return the argument of a command, None if it has none."""
        if command == "AssignResources":
            eb_id = f"eb-faults-20260131-{self._chance.getrandbits(40):010x}"
            return dict(json.loads(assignment(eb_id, {})))
        if command not in ARGUMENTS:
            return None
        message: dict[str, Any] = json.loads(ARGUMENTS[command])
        if command == "Scan":
            message["scan_id"] = self._chance.randint(1, 10_000)
        return message


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--device", required=True, help="resource locator of the subarray")
    options = arguments.parse_args()
    _, history, chance, stop = start(options)
    with history:
        commander = Commander(options.device, history, chance)
        for _ in stop.steps():
            commander.step()


if __name__ == "__main__":
    main()
