"""Device whose commands fail in each way, without a Tango database."""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

import tango
from tango.server import Device, run

from ska_sdp_lmc.runtime.attributes import tango_command
from ska_sdp_sim.stack.part import PortPart
from ska_sdp_sim.stack.programs import clean_environment

__all__ = ["FailingServer"]

DEVICE = "test-sdp/subarray/01"


class FailingDevice(Device):  # type: ignore[misc]  # PyTango is not typed.
    """Device with a command for each way to fail."""

    _is_cut = False

    @tango_command("Rejected, as by the devices.")
    def Off(self) -> None:  # noqa: N802
        tango.Except.throw_exception("CommandNotAllowed", "Off is not allowed", "Off")

    @tango_command("Without a response.", dtype_in=str)
    def Scan(self, scan: str) -> None:  # noqa: N802
        threading.Event().wait()

    @tango_command("Ends the server before the response.")
    def Abort(self) -> None:  # noqa: N802
        os._exit(1)

    @tango_command("Loses the response to the first call, and succeeds at the second one.")
    def EndScan(self) -> None:  # noqa: N802
        if not self._is_cut:
            self._is_cut = True
            cut_connections()

    @tango_command("Succeeds.")
    def On(self) -> None:  # noqa: N802
        pass


def cut_connections() -> None:
    """Shut down all connections of this process."""
    for path in list(Path("/proc/self/fd").iterdir()):
        # Other files, sockets that listen, and the listed directory itself.
        with suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as connection:
            connection.getpeername()
            connection.shutdown(socket.SHUT_RDWR)


class FailingServer(PortPart):
    """Process of the device."""

    bind_failure = "giop"

    def __init__(self, directory: Path) -> None:
        super().__init__("failing device", directory / "device.log", None)

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", __name__, str(self.port)]

    def environment(self) -> dict[str, str]:
        """Return the environment."""
        return clean_environment()

    def is_ready(self) -> bool:
        """Return whether the device responds."""
        try:
            name = f"tango://127.0.0.1:{self.port}/{DEVICE}#dbase=no"
            return bool(tango.DeviceProxy(name).ping() >= 0)
        except tango.DevFailed:
            return False


if __name__ == "__main__":
    end_point = f"giop:tcp:127.0.0.1:{sys.argv[1]}"
    arguments = ["-ORBendPoint", end_point, "-nodb", "-dlist", DEVICE]
    run([FailingDevice], ["FailingDevice", "test", *arguments])
