"""A program that subscribes to attributes and writes each event to standard output.

``python -m ska_sdp_sim.demo.subscriber DEVICE:ATTRIBUTE,… …`` writes a line when it hears all of
them, then a line an event, until its standard input ends.
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
    """Live subscriptions; each must be given up before the process ends.

    A client that ends while events come to it can abort.
    """

    def __init__(self) -> None:
        self._live: list[tuple[tango.DeviceProxy, int]] = []
        self._output = threading.Lock()

    def add(self, device: str, attribute: str) -> None:
        """Subscribe to the changes of an attribute.

        Raises:
            tango.DevFailed: the device or the attribute is not there, or sends no events.
        """
        proxy = tango.DeviceProxy(device)
        labels = list(proxy.get_attribute_config(attribute).enum_labels)
        first = True

        def tell(data: tango.EventData) -> None:
            nonlocal first
            event = _event(device, attribute, data, labels, first)
            first = False
            self.write(event.to_line())

        number = proxy.subscribe_event(attribute, tango.EventType.CHANGE_EVENT, tell)
        self._live.append((proxy, number))

    def write(self, line: str) -> None:
        """Write a line; events come on threads of Tango's."""
        with self._output:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def end(self) -> None:
        """Give up all subscriptions."""
        while self._live:
            proxy, number = self._live.pop()
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
    """Subscribe, say so, and go on until nobody listens any more."""
    subscriptions = Subscriptions()
    try:
        for argument in arguments:
            device, _, attributes = argument.rpartition(":")
            for attribute in attributes.split(","):
                subscriptions.add(device, attribute)
        subscriptions.write(READY)
        # Nothing is ever written there: it ends when the process at the other end does.
        sys.stdin.read()
    finally:
        subscriptions.end()


if __name__ == "__main__":
    main(sys.argv[1:])
