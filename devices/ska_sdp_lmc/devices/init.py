"""Init command whose errors reach the client."""

from __future__ import annotations

import logging

import tango
from tango.server import Device

from ska_sdp_lmc.observability import logs
from ska_sdp_lmc.runtime.attributes import tango_command
from ska_sdp_lmc.runtime.tango_database_proxy import check_tango_database

__all__ = ["InitDevice"]

LOGGER = logging.getLogger(__name__)

_newest_instance_id: dict[str, object] = {}
"""Identity of the newest device of each name: DevRestart creates another one of the same name."""


class InitDevice(Device):  # type: ignore[misc]  # PyTango is not typed
    """Device with an Init command of its own.

    Tango's Init calls ``init_device`` from C++ and catches no Python exception, so the client
    gets an unknown CORBA exception without reason or text. Errors of a command in Python are
    converted.
    """

    def init_device(self) -> None:
        """Initialise the device when its server starts."""
        super().init_device()
        device_class = self.get_device_class()
        if not getattr(device_class, "has_own_init", False):
            # The class has two commands of this name, and the first, Tango's, would be executed.
            self.remove_command("Init", False, False)
            device_class.has_own_init = True
        self._instance_id = _newest_instance_id[self.get_name()] = object()
        self.initialise()

    def initialise(self) -> None:
        """Initialise the device with the device properties that were read before.

        Abstract: each subclass implements it. PyTango's metaclass is not an ABCMeta, so
        ``abstractmethod`` would have no effect.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """End what ``initialise`` has begun, with the device's monitor held.

        Abstract, see ``initialise``.
        """
        raise NotImplementedError

    @tango_command("Read the settings again and initialise the device.")
    def Init(self) -> None:
        """Initialise the device again, unless DevRestart has created its successor meanwhile.

        Raises:
            tango.DevFailed: the Tango database does not respond, or a device property is invalid;
                names it.
        """
        # Without the Tango database, Init fails here, and the device continues as before.
        with tango.AutoTangoAllowThreads(self):
            check_tango_database(self.get_name())
        if _newest_instance_id[self.get_name()] is not self._instance_id:
            # The successor has read the settings since, and events of both have the same name.
            with logs.context(self.get_name(), self):
                LOGGER.info("Init changes nothing: DevRestart has created the device again.")
            return
        self.get_device_properties()
        self.stop()
        # Not init_device, which would read the properties again, from the Tango database, which
        # may be down by now.
        self.initialise()
