"""Second server process of a device, not registered in the Tango database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tango

from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment, installed_program


class SecondServer(PortPart):
    """Second server process of a subarray, which clients reach by its address.

    Args:
        device: name of the subarray.
        directory: directory of its log.
        settings: environment variables with the address of the configuration database.
    """

    bind_failure = "BindAddress"

    def __init__(self, device: str, directory: Path, settings: Mapping[str, str]) -> None:
        super().__init__("second", directory / "second.log", None)
        self._device = device
        self._settings = dict(settings)

    def command(self) -> list[str]:
        return [
            installed_program("SDPSubarray", "tango"),
            "second",
            "-nodb",
            "-dlist",
            self._device,
            "-ORBendPoint",
            f"giop:tcp:{self.host}:{self.port}",
        ]

    def environment(self) -> dict[str, str]:
        return clean_environment(**self._settings)

    @property
    def trl(self) -> str:
        """Resource locator of the device in this server."""
        return f"tango://{self.endpoint}/{self._device}#dbase=no"

    def is_ready(self) -> bool:
        try:
            return bool(tango.DeviceProxy(self.trl).state() != tango.DevState.INIT)
        except tango.DevFailed:
            return False
