"""Subarray server without a Tango database, on an etcd that tests stop and pause."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import tango

from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment, installed_program
from tests.support.waiting import wait_until

SUBARRAY = "test-sdp/subarray/01"

PATIENCE_MS = 30_000
"""Timeout of clients, longer than the devices' timeouts in any test."""


def failed_start(*arguments: str, **settings: str) -> str:
    """Start a subarray server that fails to start without a traceback; return its errors."""
    program = installed_program("SDPSubarray", "tango")
    done = subprocess.run(
        [program, "01", "-ORBendPoint", "giop:tcp:127.0.0.1:0", *arguments],
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


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

    def connected(self) -> Any:
        """Wait until the subarray, in State OFF, has read its database; return its proxy."""
        subarray = self.proxy(SUBARRAY)
        wait_until(lambda: subarray.state() == tango.DevState.OFF)
        return subarray

    def proxy(self, name: str) -> Any:
        proxy = tango.DeviceProxy(f"tango://127.0.0.1:{self.port}/{name}#dbase=no")
        proxy.set_timeout_millis(PATIENCE_MS)
        return proxy
