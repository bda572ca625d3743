"""The stack under faults: Tango database, device servers and simulator on a given etcd."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ska_sdp_config import Config
from ska_sdp_lmc.ops.tango_db.data import Registration
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.local import Layout
from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.simulator import Simulator
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.faults.keeper import Keeper
from tests.services.second_server import SecondServer
from tests.services.servers import trl_of
from tests.support.waiting import wait_until

__all__ = ["SEVERAL", "SINGLE", "TWICE", "Stack", "server_names"]

SEVERAL = "SDPSubarray/several"
"""Server with several subarrays."""

SINGLE = "SDPSubarray/single"
"""Server with one subarray."""

TWICE = "SDPSubarray/twice"
"""Server of the subarray that has a second server."""

READY_WITHIN_S = 120.0
"""Time in which all parts become ready on a busy machine, in seconds."""

READY_INTERVAL_S = 0.2
"""Seconds between two checks of whether all parts are ready, each of which calls all devices."""


def server_names(subarrays: int) -> list[str]:
    """Return the server of each subarray; the last subarray has two.

    Args:
        subarrays: number of subarrays, at least 1.
    """
    alone = [SINGLE, TWICE][-subarrays:]
    return [SEVERAL] * (subarrays - len(alone)) + alone


class Stack:
    """Tango database, servers of controller and subarrays, and simulator. A context manager.

    Parts are processes, which faults kill, suspend, resume and start again by their names. The
    names are those of the parts, such as ``simulator`` or ``SDPSubarray/twice``, whose second
    server is ``second``.

    Args:
        directory: directory of data and logs.
        endpoints: ``host:port`` of each member of etcd, or of its proxies.
        backend: backend of all processes.
        subarrays: number of subarrays, see ``server_names``.
        settings: further environment variables of the device servers, the simulator and clients.
        crashes: file of the reports of parts that end by themselves, see ``Keeper``.

    Attributes:
        parts: all parts by name, in the order of their start.
        trls: resource locators of each subarray, by its ID; one for each server that has it.
        subarrays: IDs of the subarrays of each part that runs devices, by its name.
        environment: environment variables of clients: the addresses of both databases, and the
            settings.
    """

    def __init__(
        self,
        directory: Path,
        endpoints: Sequence[str],
        backend: str = "etcd3",
        *,
        subarrays: int = 4,
        settings: Mapping[str, str] = MappingProxyType({}),
        crashes: Path | None = None,
    ) -> None:
        if subarrays < 1:
            raise ValueError(f"a stack has at least 1 subarray, not {subarrays}")
        self.parts: dict[str, Part] = {}
        self.trls: dict[str, list[str]] = {}
        self.subarrays: dict[str, list[str]] = {}
        self._backend = backend
        self._endpoints = ",".join(endpoints)
        self.environment = {
            "SDP_CONFIG_BACKEND": backend,
            "SDP_CONFIG_HOST": self._endpoints,
            **settings,
        }
        self._directory = directory
        self._subarrays = subarrays
        self._keeper = Keeper(crashes)
        self._opened = ExitStack()
        self._claimed: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Stack:
        with ExitStack() as opened:
            opened.enter_context(self._keeper)
            opened.callback(self._stop)
            tango_db = TangoDatabase(self._directory)
            self._add(tango_db)
            self.wait_ready()
            self.environment["TANGO_HOST"] = tango_db.tango_host
            registrations = self._registrations()
            register(tango_db.connect(), registrations)
            servers = self._servers(registrations)
            # The last subarray is the only one of its server.
            second = SecondServer(servers[-1].devices[0], self._directory, self.environment)
            for part in (Simulator(self._directory, self.environment), *servers, second):
                self._add(part)
            self.wait_ready()
            self._find_subarrays(servers, second)
            with Config(backend=self._backend, host=self._endpoints) as config:
                define_scripts(config)
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def endings(self) -> list[str]:
        """A failure report for each process that has ended by itself; it was started again."""
        return list(self._keeper.endings)

    def kill(self, name: str) -> None:
        """Kill a part with SIGKILL; it stays ended until it is started.

        Raises:
            ProcessLookupError: it has ended by itself; it is started again.
        """
        self._keeper.kill(self.parts[name])

    def start(self, name: str) -> None:
        """Start a part again; return before its process is started."""
        self._keeper.start(self.parts[name])

    def pause(self, name: str) -> None:
        """Suspend a part: its connections stay open without responses."""
        self.parts[name].pause()

    def resume(self, name: str) -> None:
        """Resume a part after ``pause``."""
        self.parts[name].resume()

    def claim(self, name: str) -> bool:
        """Return whether a part had no fault; then it has one until ``free``."""
        with self._lock:
            if name in self._claimed:
                return False
            self._claimed.add(name)
            return True

    def free(self, name: str) -> None:
        """End what ``claim`` began."""
        with self._lock:
            self._claimed.discard(name)

    def unready(self) -> list[str]:
        """Return the names of the parts that are not ready.

        Do not call it while a part is suspended: calls to the Tango database would block.
        """
        return [
            name for name, part in self.parts.items() if not (part.running and part.is_ready())
        ]

    def wait_ready(self, within: float = READY_WITHIN_S) -> None:
        """Wait until all parts are ready.

        Raises:
            AssertionError: some are not ready in time.
        """
        unready: list[str] = []

        def is_ready() -> bool:
            unready[:] = self.unready()
            return not unready

        try:
            wait_until(is_ready, within, interval=READY_INTERVAL_S)
        except AssertionError:
            reports = "\n".join(self.endings) or "no process has ended"
            raise AssertionError(f"not ready within {within:g} s: {unready}; {reports}") from None

    def _add(self, part: Part) -> None:
        self.parts[part.name] = part
        self._keeper.start(part)

    def _registrations(self) -> list[Registration]:
        """Return the devices, with the subarrays in their servers."""
        servers = iter(server_names(self._subarrays))
        return [
            replace(each, server=next(servers)) if each.class_name == "SDPSubarray" else each
            for each in Layout(subarrays=self._subarrays).devices()
        ]

    def _servers(self, registrations: Sequence[Registration]) -> list[DeviceServer]:
        devices: defaultdict[str, list[str]] = defaultdict(list)
        for each in registrations:
            devices[each.server].append(each.device)
        return [
            DeviceServer(server, names, self._directory, self.environment)
            for server, names in devices.items()
        ]

    def _find_subarrays(self, servers: Sequence[DeviceServer], second: SecondServer) -> None:
        for server in servers:
            own = self.subarrays[server.name] = []
            for place, device in enumerate(server.devices):
                if "/subarray/" in device:
                    own.append(device.rpartition("/")[2])
                    self.trls[own[-1]] = [trl_of(server, place)]
        last = list(self.trls)[-1]
        self.subarrays[second.name] = [last]
        self.trls[last].append(second.trl)

    def _stop(self) -> None:
        tango_db, *clients = self.parts.values()
        # The servers unregister at the Tango database, so it is stopped after them.
        self._keeper.stop(clients)
        self._keeper.stop([tango_db])
