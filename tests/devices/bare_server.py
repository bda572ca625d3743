"""Subarray server without a Tango database, on an etcd that tests stop and pause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tango

from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment, installed_program

__all__ = ["SUBARRAY", "Server"]

SUBARRAY = "test-sdp/subarray/01"

PATIENCE_MS = 30_000
"""Timeout of clients, longer than the devices' timeouts in any test."""


class Server(PortPart):
    """Process of SDPSubarray whose devices are addressed by its port."""

    bind_failure = "giop"

    def __init__(self, directory: Path, devices: list[str], **settings: str) -> None:
        super().__init__("SDPSubarray", directory / "SDPSubarray.log", None)
        self._devices = devices
        self._settings = {"SDP_LMC_REQUIRED_COMPONENTS": "", **settings}

    def command(self) -> list[str]:
        program = installed_program("SDPSubarray", "tango")
        end_point = f"giop:tcp:127.0.0.1:{self.port}"
        devices = ",".join(self._devices)
        return [program, "01", "-ORBendPoint", end_point, "-nodb", "-dlist", devices]

    def environment(self) -> dict[str, str]:
        return clean_environment(**self._settings)

    def is_ready(self) -> bool:
        try:
            return all(self.proxy(name).ping() >= 0 for name in self._devices)
        except tango.DevFailed:
            return False

    def proxy(self, name: str) -> Any:
        proxy = tango.DeviceProxy(f"tango://127.0.0.1:{self.port}/{name}#dbase=no")
        proxy.set_timeout_millis(PATIENCE_MS)
        return proxy
