"""Measured and minimal Tango servers on a Tango database."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import tango

from ska_sdp_lmc.ops.tango_db.data import Registration
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.tango_db import TangoDatabase

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BareServer", "Observatory", "start"]

_PROGRAM = Path(__file__).with_name("bare_server.py")
_START_TIMEOUT_S = 60.0


class BareServer(DeviceServer):
    """A server of minimal devices."""

    def command(self) -> list[str]:
        """Return the command line; port 0 listens on a free port."""
        _, _, instance = self.name.partition("/")
        return [sys.executable, str(_PROGRAM), instance, "-ORBendPoint", "giop:tcp:127.0.0.1:0"]


class Observatory:
    """A Tango database and the servers that use it, all stopped on exit.

    Args:
        etcd: ``host:port`` of the etcd.
    """

    def __init__(self, etcd: str) -> None:
        self._etcd = etcd
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._directory = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            self._database = opened.enter_context(TangoDatabase(self._directory))
            self._closing = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def subarrays(self, instance: str, ids: Sequence[str]) -> DeviceServer:
        """Register a server of subarrays; return it without starting it."""
        names = [f"test-sdp/subarray/{subarray_id}" for subarray_id in ids]
        return self._registered(DeviceServer, f"SDPSubarray/{instance}", "SDPSubarray", names)

    def controller(self) -> DeviceServer:
        """Register a server of the controller; return it without starting it."""
        names = ["test-sdp/control/0"]
        return self._registered(DeviceServer, "SDPController/0", "SDPController", names)

    def bare(self, instance: str, device_class: str, count: int) -> DeviceServer:
        """Register a minimal server; return it without starting it."""
        names = [f"test-bare/{instance}/{number:02}" for number in range(count)]
        return self._registered(BareServer, f"bare_server/{instance}", device_class, names)

    def proxy(self, name: str) -> tango.DeviceProxy:
        """Return a proxy of a device."""
        return tango.DeviceProxy(f"tango://{self._database.tango_host}/{name}")

    def _registered(
        self, kind: type[DeviceServer], server: str, device_class: str, names: list[str]
    ) -> DeviceServer:
        devices = [Registration(server, device_class, name, {}) for name in names]
        register(self._database.connect(), devices)
        settings = {"TANGO_HOST": self._database.tango_host, "SDP_CONFIG_HOST": self._etcd}
        part = kind(server, names, self._directory, settings)
        self._closing.callback(part.stop)
        return part


def start(server: DeviceServer) -> float:
    """Start a server; return the seconds until all of its devices respond."""
    began = time.perf_counter()
    server.launch()
    while not server.is_ready():
        if not server.running or time.perf_counter() - began > _START_TIMEOUT_S:
            raise RuntimeError(server.process.failure_report("did not start"))
        time.sleep(0.01)
    return time.perf_counter() - began
