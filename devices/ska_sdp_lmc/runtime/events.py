"""Events pushed by a device from code."""

from __future__ import annotations

import logging
from typing import Any

import tango

from ska_sdp_lmc.observability.metrics import EventCount
from ska_sdp_lmc.runtime.attributes import tango_value

__all__ = ["Events"]

LOGGER = logging.getLogger(__name__)

_VALID = tango.AttrQuality.ATTR_VALID


class Events:
    """Change, archive and alarm events of every attribute of a device.

    All three are pushed from code, whoever has subscribed. Without alarm events from code, one
    subscription to them corrupts the change events of all clients (decision 16).

    Args:
        device: the device during its initialisation. From then on its events come from code.
    """

    def __init__(self, device: tango.server.Device) -> None:
        self._count = EventCount(device.get_name())
        self._pushes = (
            device.push_change_event,
            device.push_archive_event,
            device.push_alarm_event,
        )
        for attribute in device.get_device_attr().get_attribute_list():
            name = attribute.get_name()
            device.set_change_event(name, True, False)
            device.set_archive_event(name, True, False)
            device.set_alarm_event(name, True, False)

    def push(self, name: str, value: Any, when: float) -> None:
        """Push an attribute's value; the caller holds the device's monitor.

        A client that subscribes at the same time reads the value first, so reads must return it
        already.

        Args:
            name: name of the attribute.
            value: its value, as the model represents it.
            when: the time of the value, in s since 1970.
        """
        value = tango_value(value)
        for push in self._pushes:
            try:
                push(name, value, when, _VALID)
            except Exception:
                # The command was executed: a failed event must not fail it.
                LOGGER.exception("The event of %s was not pushed: read the attribute.", name)
            else:
                self._count.count(name)
