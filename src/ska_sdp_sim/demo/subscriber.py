"""Program that subscribes to attributes and writes their events to standard output.

``python -m ska_sdp_sim.demo.subscriber DEVICE:ATTRIBUTE,… …`` writes one line when all
subscriptions are made, then one line for each event, until its standard input is closed.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import tango

from ska_sdp_sim.demo.event import Event, Value

READY = "subscribed"


class Subscriptions:
    """Active subscriptions.

    Unsubscribe before the process ends: a client that exits while it receives events can abort.
    """

    def __init__(self) -> None:
        self._active: list[tuple[tango.DeviceProxy, int]] = []
        self._output = threading.Lock()

    def add(self, device: str, attribute: str) -> None:
        """Subscribe to the change events of an attribute.

        Raises:
            tango.DevFailed: unknown device or attribute, or it has no change events.
        """
        proxy = tango.DeviceProxy(device)
        labels = list(proxy.get_attribute_config(attribute).enum_labels)
        first = True

        def on_event(data: tango.EventData) -> None:
            nonlocal first
            event = _event(device, attribute, data, labels, first)
            first = False
            self.write(event.to_line())

        number = proxy.subscribe_event(attribute, tango.EventType.CHANGE_EVENT, on_event)
        self._active.append((proxy, number))

    def write(self, line: str) -> None:
        """Write a line. Thread-safe: events arrive in threads of Tango."""
        with self._output:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def end(self) -> None:
        """Cancel all subscriptions."""
        while self._active:
            proxy, number = self._active.pop()
            proxy.unsubscribe_event(number)


def _event(
    device: str, attribute: str, data: tango.EventData, labels: list[str], first: bool
) -> Event:
    received = time.time()
    if data.err:
        return Event(
            device, attribute, None, received, received, first, data.errors[0].desc.strip()
        )
    stamped = data.attr_value.time.totime()
    value = _plain(data.attr_value.value, labels)
    return Event(device, attribute, value, stamped, received, first)


def _plain(value: Any, labels: list[str]) -> Value:
    if isinstance(value, tango.DevState):
        return str(value)
    if labels and isinstance(value, int):
        return labels[value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(list(value))


def main(arguments: list[str]) -> None:
    """Subscribe, and run until standard input is closed."""
    subscriptions = Subscriptions()
    try:
        for argument in arguments:
            device, _, attributes = argument.rpartition(":")
            for attribute in attributes.split(","):
                subscriptions.add(device, attribute)
        subscriptions.write(READY)
        # The parent writes nothing; end of file means that it has stopped.
        sys.stdin.read()
    finally:
        subscriptions.end()


if __name__ == "__main__":
    main(sys.argv[1:])
