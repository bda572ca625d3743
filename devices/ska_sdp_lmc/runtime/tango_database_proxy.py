"""Proxy of the Tango database that lets other threads run while it waits."""

from __future__ import annotations

from typing import Any

import tango

__all__ = ["check_tango_database", "create_tango_database_proxy"]

CALL_TIMEOUT_MS = 2000


def create_tango_database_proxy() -> Any:
    """Return a proxy of the device of the Tango database that this server uses.

    Its calls time out after 2 s.

    Raises:
        tango.DevFailed: the Tango database does not respond.
    """
    # Not tango.Database: its calls hold Python's global lock, so a Tango database that hangs would
    # stop the devices for more than a minute.
    proxy = tango.DeviceProxy(tango.Util.instance().get_database().dev_name())
    proxy.set_timeout_millis(CALL_TIMEOUT_MS)
    return proxy


def check_tango_database(device: str) -> None:
    """Check that the Tango database responds, by reading the names of a device's properties.

    PyTango's own reading of properties holds Python's global lock, see
    ``create_tango_database_proxy``.

    Args:
        device: name of the device.

    Raises:
        tango.DevFailed: the Tango database does not respond.
    """
    if tango.Util._UseDb and not tango.Util._FileDb:  # noqa: SLF001  # part of its interface
        create_tango_database_proxy().command_inout("DbGetDevicePropertyList", [device, "*"])
