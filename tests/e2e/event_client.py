"""A subscriber to one kind of event, for any PyTango since 9.3; imports nothing of this project.

``python -I event_client.py TRL KIND ATTRIBUTE,ATTRIBUTE,…`` subscribes to the attributes in that
order, KIND being ``change``, ``archive`` or ``alarm``. It writes one JSON list ``[attribute,
value]`` a line for each event, ``["ready", version of PyTango]`` once it has subscribed, and
``["error", text]`` for an event that carries an error. It ends with its standard input.
"""

from __future__ import annotations

import json
import sys
import threading
from functools import partial
from typing import Any

import tango

LOCK = threading.Lock()


def write(name: str, value: Any) -> None:
    """Write a line under a lock, as events are received on threads of Tango."""
    with LOCK:
        sys.stdout.write(json.dumps([name, value]) + "\n")
        sys.stdout.flush()


def on_event(name: str, event: Any) -> None:
    if event.err:
        write("error", f"{name}: {event.errors[0].reason}: {event.errors[0].desc.strip()}")
        return
    value = event.attr_value.value
    if name.lower() == "state":
        # PyTango 9.3 delivers a number.
        value = str(tango.DevState.values[int(value)])
    write(name, value)


def main(trl: str, kind: str, names: str) -> None:
    """Subscribe, and unsubscribe when standard input ends."""
    device = tango.DeviceProxy(trl)
    wanted = getattr(tango.EventType, f"{kind.upper()}_EVENT")
    numbers = []
    try:
        for name in names.split(","):
            numbers.append(device.subscribe_event(name, wanted, partial(on_event, name)))
        write("ready", tango.__version__)
        sys.stdin.read()
    finally:
        # A client that exits while it receives events can abort.
        for number in numbers:
            device.unsubscribe_event(number)


if __name__ == "__main__":
    main(*sys.argv[1:])
