"""Client of the Tango database that lets other threads run while it waits."""

from __future__ import annotations

from typing import Any

import tango

__all__ = ["check_properties", "database_device"]

CALL_TIMEOUT_MS = 2000


def database_device() -> Any:
    """Return a client of the device of the Tango database that this server uses.

    Its calls time out after 2 s.

    Raises:
        tango.DevFailed: the Tango database does not respond.
    """
    # Not tango.Database: its calls hold Python's global lock, so a Tango database that hangs would
    # stop the devices for more than a minute.
    proxy = tango.DeviceProxy(tango.Util.instance().get_database().dev_name())
    proxy.set_timeout_millis(CALL_TIMEOUT_MS)
    return proxy


def check_properties(device: str) -> None:
    """Read the properties of a device, to check that the Tango database responds.

    PyTango's own reading holds Python's global lock, see ``database_device``.

    Args:
        device: name of the device.

    Raises:
        tango.DevFailed: the Tango database does not respond.
    """
    if tango.Util._UseDb and not tango.Util._FileDb:  # noqa: SLF001  # part of its interface
        database_device().command_inout("DbGetDevicePropertyList", [device, "*"])
