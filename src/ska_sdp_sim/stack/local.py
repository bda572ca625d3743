"""The local stack: starts and stops its parts in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ska_sdp_lmc.ops.tango_db.data import Registration, expand, read
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.part import Part, never_interrupted
from ska_sdp_sim.stack.port_plan import PortPlan, check_free, plan_ports
from ska_sdp_sim.stack.simulator import Simulator
from ska_sdp_sim.stack.tango_db import TangoDatabase, TangoDatabaseServer
from ska_sdp_sim.stack.web import WebPage


@dataclass(frozen=True)
class Layout:
    """Parts of a stack.

    Attributes:
        subarrays: Number of subarrays, each with its own server process.
        prefix: Prefix of ``-sdp`` in the device names.
        simulate: Whether to start the simulator.
        health: Whether each server serves the health endpoints over HTTP.
        web: Whether to serve the web page.
        port_base: First of the fixed ports, see ``plan_ports``; None chooses free ports.
    """

    subarrays: int = 1
    prefix: str = "test"
    simulate: bool = True
    health: bool = False
    web: bool = False
    port_base: int | None = None

    def devices(self) -> list[Registration]:
        """Return the devices of the packaged data for these subarrays and this prefix.

        Raises:
            DataError: invalid number of subarrays or prefix.
        """
        data = expand(read(), subarrays=self.subarrays, prefix=self.prefix)
        return list(data.devices())


class LocalStack:
    """Both databases, the device servers, the simulator and the web page.

    Args:
        directory: Directory of data and logs; existing data are used.
        tango_db: The Tango database to start; None creates one in an SQLite file.

    Raises:
        DataError: invalid number of subarrays or prefix.
        PortError: the layout's port base leaves too few ports.
    """

    def __init__(
        self, directory: Path, layout: Layout, *, tango_db: TangoDatabaseServer | None = None
    ) -> None:
        self.directory = directory
        self.layout = layout
        self.devices = layout.devices()
        self._ports = ports = self._plan_ports()
        self.etcd = Etcd(directory, port=None if ports is None else ports.etcd)
        self.tango_db = tango_db or TangoDatabase(
            directory, port=None if ports is None else ports.tango_db
        )
        self.servers: list[DeviceServer] = []
        self.simulator: Simulator | None = None
        self.web: WebPage | None = None

    def __enter__(self) -> LocalStack:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with the addresses of both databases."""
        return {
            "TANGO_HOST": self.tango_db.tango_host,
            "SDP_CONFIG_HOST": self.etcd.host,
            "SDP_CONFIG_PORT": str(self.etcd.port),
        }

    def parts(self) -> Iterator[Part]:
        """Yield all parts in the order of their start."""
        yield self.etcd
        yield self.tango_db
        if self.simulator is not None:
            yield self.simulator
        yield from self.servers
        if self.web is not None:
            yield self.web

    def start(self, interrupted: Callable[[], None] = never_interrupted) -> None:
        """Start all parts and wait until each is ready; on an error, stop all of them.

        ``interrupted`` is called while waiting, and may raise to abort the start.

        Raises:
            FileNotFoundError: a program is not installed.
            PortError: a fixed port is in use.
            StartError: a part ended or did not respond in time.
        """
        from ska_sdp_lmc.ops.tango_db.register import register

        if self._ports is not None:
            check_free(self._ports, self.etcd.host, health=self.layout.health, web=self.layout.web)
        with ExitStack() as undo:
            undo.callback(self.stop)
            _start_together([self.etcd, self.tango_db], interrupted)
            register(self.tango_db.connect(), self.devices)
            self._make_clients()
            _start_together(list(self.parts())[2:], interrupted)
            undo.pop_all()

    def stop(self) -> None:
        """Stop all parts, the clients of the databases first."""
        clients: list[Part] = [*self.servers]
        if self.simulator is not None:
            clients.append(self.simulator)
        if self.web is not None:
            clients.append(self.web)
        # The servers unregister at the Tango database, so it is stopped after them.
        stop_together(clients)
        stop_together([self.tango_db, self.etcd])

    def _plan_ports(self) -> PortPlan | None:
        if self.layout.port_base is None:
            return None
        # One server may have several devices.
        names = dict.fromkeys(device.server for device in self.devices)
        return plan_ports(self.layout.port_base, list(names))

    def _make_clients(self) -> None:
        names: defaultdict[str, list[str]] = defaultdict(list)
        for device in self.devices:
            names[device.server].append(device.device)
        self.servers = [
            DeviceServer(
                server,
                devices,
                self.directory,
                self.environment,
                serves_health=self.layout.health,
                ports=None if self._ports is None else self._ports.servers[server],
            )
            for server, devices in names.items()
        ]
        if self.layout.simulate:
            self.simulator = Simulator(self.directory, self.environment)
        if self.layout.web:
            self.web = WebPage(
                self.directory,
                self.environment,
                self.layout.prefix,
                port=None if self._ports is None else self._ports.web,
            )


def _start_together(parts: list[Part], interrupted: Callable[[], None]) -> None:
    for part in parts:
        part.launch()
    for part in parts:
        part.wait(interrupted)


def stop_together(parts: Iterable[Part], timeout: float = 10.0) -> None:
    """Stop the parts that run, all at the same time.

    Args:
        parts: the parts.
        timeout: longest wait for each part before it is killed, in seconds.
    """
    started = [part for part in parts if part.running]
    for part in started:
        part.process.terminate()
    for part in started:
        part.process.wait_or_kill(timeout)
