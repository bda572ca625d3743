"""Devices, attributes and commands, as Taranta's widgets name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ska_sdp_lmc.devices.base import LmcDevice
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.ops.tango_db.data import Registration
from ska_sdp_lmc.runtime.attributes import BUILT_IN

__all__ = ["CLASSES", "Target", "target_of", "variable"]

CLASSES: dict[str, type[LmcDevice]] = {
    each.__name__: each for each in (SDPController, SDPSubarray)
}
"""Device classes by name."""

TANGO_DATABASE = "taranta"
"""Name that Taranta has by default for the Tango database of a site."""


@dataclass(frozen=True, slots=True)
class Target:
    """A device, or a variable for one of several devices of a class.

    Attributes:
        address: ``taranta://`` with the name of the device or variable.
        device_class: class of the device.
    """

    address: str
    device_class: type[LmcDevice]

    def attribute(self, name: str) -> dict[str, str]:
        """Return an attribute; raises KeyError if the class has none of this name."""
        labels = {row.name: row.label for row in (*BUILT_IN, *self.device_class.attributes)}
        return {"device": self.address, "attribute": name.lower(), "label": labels[name]}

    def command(self, name: str) -> dict[str, str]:
        """Return a command; raises KeyError if the class has none of this name."""
        (intype, indoc), (outtype, outdoc), *_ = self._commands[name]
        return {
            "device": self.address,
            "command": name,
            "acceptedType": str(intype),
            "intypedesc": indoc,
            "outtypedesc": outdoc,
            "outtype": str(outtype),
            "tag": "0",
        }

    @property
    def _commands(self) -> dict[str, Any]:
        # PyTango's declarations of all commands of a class.
        commands: dict[str, Any] = self.device_class.TangoClassClass.cmd_list
        return commands


def target_of(device: Registration) -> Target:
    """Return the target of a registered device."""
    return Target(f"{TANGO_DATABASE}://{device.device}", CLASSES[device.class_name])


def variable(name: str, device_class: type[LmcDevice]) -> Target:
    """Return the target that a variable of the dashboard selects."""
    return Target(f"{TANGO_DATABASE}://{name}", device_class)
