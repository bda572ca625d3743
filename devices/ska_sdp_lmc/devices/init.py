"""Init command whose errors reach the client."""

from __future__ import annotations

from tango.server import Device

from ska_sdp_lmc.runtime.attributes import tango_command

__all__ = ["InitDevice"]


class InitDevice(Device):  # type: ignore[misc]  # PyTango is not typed
    """Device with an Init command of its own.

    Tango's Init calls ``init_device`` from C++ and catches no Python exception, so the client
    gets an unknown CORBA exception without reason or text. Errors of a command in Python are
    converted.
    """

    def init_device(self) -> None:
        """Initialise the device."""
        super().init_device()
        device_class = self.get_device_class()
        if not getattr(device_class, "has_own_init", False):
            # The class has two commands of this name, and the first, Tango's, would be executed.
            self.remove_command("Init", False, False)
            device_class.has_own_init = True

    @tango_command("Read the settings again and initialise the device.")
    def Init(self) -> None:
        """Initialise the device again.

        Raises:
            tango.DevFailed: a device property is invalid; names it.
        """
        self.delete_device()
        self.init_device()
