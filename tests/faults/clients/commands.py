"""Tango client that sends a subarray random commands and records the outcome of each."""

from __future__ import annotations

import json
import random
from contextlib import suppress

import tango

from ska_sdp_config.lmc.rejections import Reason
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_config.lmc.transitions import TRANSITIONS
from tests.e2e.subarray import Subarray, quick
from tests.faults.clients.program import Stop, parser
from tests.faults.history import HistoryWriter, Outcome
from tests.support.scripts import ARGUMENTS, assignment

ALLOWED_SHARE = 0.8
"""Share of the commands that the last known obsState allows."""

RARE = {"Off": 0.05, "Abort": 0.1, "End": 0.3, "ReleaseResources": 0.2, "ReleaseAllResources": 0.2}
"""Weights of commands that would end most observations early; 1 for the others."""

UNKNOWN = "It is not known whether"
"""Start of the description if the device does not know the outcome."""

REJECTIONS = {reason.value for reason in Reason}


def outcome(error: tango.DevError) -> Outcome:
    """Return the outcome of a command that ended with an error."""
    if error.reason in REJECTIONS and not error.desc.startswith(UNKNOWN):
        return "failed"
    # The error of a lost connection or a timeout, which the device has not raised.
    return "unknown"


class Commander:
    """Sends commands to one subarray.

    Args:
        trl: resource locator of the subarray.
        history: history of the client.
        chance: source of random choices.
        with_scripts: whether to assign processing blocks, whose scripts a simulator runs.
    """

    def __init__(
        self, trl: str, history: HistoryWriter, chance: random.Random, *, with_scripts: bool
    ) -> None:
        self._subarray = Subarray(trl)
        self._id = trl.rpartition("/")[2]
        self._history = history
        self._chance = chance
        self._with_scripts = with_scripts
        self._sent = 0

    def step(self) -> None:
        """Send a command and wait for its answer."""
        command = self._choose()
        argument, transaction_id = self._argument(command)
        operation = self._history.begin(
            "command",
            subarray=self._id,
            command=command,
            argument=argument,
            transaction_id=transaction_id,
        )
        try:
            self._subarray.command(command, argument)
        except tango.DevFailed as failed:
            first = failed.args[0]
            text = f"{first.reason}: {first.desc}".strip()
            self._history.end(operation, outcome(first), error=text)
        else:
            self._history.end(operation, "ok")

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
            state = str(self._subarray.proxy.state())
            obs_state = ObsState(self._subarray.read("obsState"))
            return [
                name
                for name, transition in TRANSITIONS.items()
                if obs_state in transition.obs_states
                and state in {each.name for each in transition.states}
            ]
        return []

    def _argument(self, command: str) -> tuple[str | None, str | None]:
        """Return the argument of a command, and its transaction ID, None if it has none."""
        if command == "AssignResources" and self._with_scripts:
            message = quick().message
        elif command == "AssignResources":
            eb_id = f"eb-faults-20260131-{self._chance.getrandbits(40):010x}"
            message = json.loads(assignment(eb_id, {}))
        elif command in ARGUMENTS:
            message = json.loads(ARGUMENTS[command])
        else:
            return None, None
        if command == "Scan":
            message["scan_id"] = self._chance.randint(1, 10_000)
        transaction_id = f"txn-{self._history.client}-20260131-{self._sent:05}"
        self._sent += 1
        message["transaction_id"] = transaction_id
        return json.dumps(message), transaction_id


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--device", required=True, help="resource locator of the subarray")
    arguments.add_argument("--with-scripts", action="store_true", help="a simulator runs scripts")
    options = arguments.parse_args()
    name = options.name or options.history.name.partition(".")[0]
    chance = random.Random(f"{options.seed} {name}")
    stop = Stop(options.pause, options.count, chance)
    with HistoryWriter(options.history, name) as history:
        commander = Commander(options.device, history, chance, with_scripts=options.with_scripts)
        for _ in stop.steps():
            commander.step()


if __name__ == "__main__":
    main()
