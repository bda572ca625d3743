"""Client with an old version of Tango, which drives a subarray and records its obsState.

``/usr/bin/python3 old_client.py TRL`` runs on PyTango 9.3, and imports nothing of this project. It
takes from standard input, as JSON, a list of ``[command, argument or null, obsState or null]``,
sends each command and waits for the event of obsState. The received events are written as JSON.
"""

from __future__ import annotations

import json
import queue
import sys
import time
from functools import partial
from typing import Any

import tango

PATIENCE = 30.0
PROOF = "adminMode"
CHANGE_EVENT = tango.EventType.CHANGE_EVENT


class Subscriptions:
    """Subscriptions to obsState and adminMode of a device."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._came: queue.Queue[tuple[str, str]] = queue.Queue()
        self.obs_states: list[str] = []
        self.errors: list[str] = []
        self._labels = {
            name: list(device.get_attribute_config(name).enum_labels)
            for name in ("obsState", PROOF)
        }
        self._numbers = [
            device.subscribe_event(name, CHANGE_EVENT, partial(self._on_event, name))
            for name in self._labels
        ]

    def _on_event(self, name: str, event: Any) -> None:
        # Called on a thread of Tango. The name in the event itself is in lower case.
        if event.err:
            self.errors.append(event.errors[0].desc)
            return
        value = self._labels[name][int(event.attr_value.value)]
        if name == "obsState":
            self.obs_states.append(value)
        self._came.put((name, value))

    def prove(self) -> None:
        """Write adminMode until its event is received, as the first ones may be lost."""
        for _ in range(60):
            self._device.write_attribute(PROOF, self._labels[PROOF].index("ENGINEERING"))
            self._device.write_attribute(PROOF, self._labels[PROOF].index("ONLINE"))
            try:
                self.wait_for(PROOF, "ENGINEERING", 0.5)
                self.wait_for(PROOF, "ONLINE", 0.5)
            except TimeoutError:
                continue
            return
        raise TimeoutError("no event of adminMode was received")

    def wait_for(self, name: str, value: str, timeout: float = PATIENCE) -> None:
        """Consume events until one has this value."""
        end = time.monotonic() + timeout
        while True:
            try:
                if self._came.get(timeout=max(0.0, end - time.monotonic())) == (name, value):
                    return
            except queue.Empty:
                text = f"no event was received: {name} {value}; errors: {self.errors}"
                raise TimeoutError(text) from None

    def close(self) -> None:
        """Unsubscribe, as a client that exits while it receives events can abort."""
        for number in self._numbers:
            self._device.unsubscribe_event(number)


def main(trl: str) -> None:
    """Drive the subarray, and write the received events."""
    device = tango.DeviceProxy(trl)
    subscriptions = Subscriptions(device)
    try:
        subscriptions.prove()
        for command, argument, obs_state in json.load(sys.stdin):
            device.command_inout(command, *([] if argument is None else [argument]))
            if obs_state is not None:
                subscriptions.wait_for("obsState", obs_state)
        rejection = ""
        try:
            device.command_inout("EndScan")
        except tango.DevFailed as error:
            rejection = error.args[0].desc
        received = {
            "tango": tango.__version__,
            "obs_states": subscriptions.obs_states,
            "errors": subscriptions.errors,
            "addresses": json.loads(device.read_attribute("receiveAddresses").value),
            "rejection": rejection,
        }
    finally:
        subscriptions.close()
    json.dump(received, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
