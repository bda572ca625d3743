"""Controller, one subarray that observes, and the simulator, each a process."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ska_sdp_config import Config
from ska_sdp_sim.demo.content import Content, configure, scan
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.simulator import Simulator

from .observation import IDLE, READY, Subscriber
from .observatory import Observatory, start

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["GrowingObservatory"]

_START_TIMEOUT_S = 60.0


class GrowingObservatory:
    """Servers of one database, started one after the other.

    Args:
        etcd: the database.

    Attributes:
        starts: seconds until each responds.
        pids: the process of each.
    """

    def __init__(self, etcd: Etcd) -> None:
        self.starts: dict[str, float] = {}
        self.pids: dict[str, int] = {}
        self._etcd = etcd
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            directory = Path(opened.enter_context(TemporaryDirectory()))
            observatory = opened.enter_context(Observatory(f"{self._etcd.host}:{self._etcd.port}"))
            settings = {
                "SDP_CONFIG_HOST": self._etcd.host,
                "SDP_CONFIG_PORT": str(self._etcd.port),
            }
            simulator = Simulator(directory, settings)
            opened.callback(simulator.stop)
            began = time.perf_counter()
            simulator.launch()
            while not simulator.is_ready():
                if time.perf_counter() - began > _START_TIMEOUT_S:
                    raise RuntimeError("The simulator did not start.")
                time.sleep(0.01)
            self.starts["simulator"] = time.perf_counter() - began
            controller = observatory.controller()
            self.starts["controller"] = start(controller)
            subarray = observatory.subarrays("01", ["01"])
            self.starts["subarray"] = start(subarray)
            parts = {"simulator": simulator, "controller": controller, "subarray": subarray}
            self.pids = {name: part.process.pid for name, part in parts.items()}
            self._subarray = observatory.proxy(subarray.devices[0])
            self._obs_states = opened.enter_context(Subscriber(self._subarray, "obsState"))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def begin(self) -> None:
        """Assign resources and configure."""
        with Config(backend="etcd3", host=self._etcd.host, port=self._etcd.port) as config:
            define_scripts(config)
        content = Content.new()
        self._subarray.command_inout("On")
        self._subarray.command_inout("AssignResources", json.dumps(content.message))
        self._obs_states.until(IDLE)
        self._subarray.command_inout("Configure", configure(content.scan_types[0]))
        self._obs_states.until(READY)

    def scans(self, count: int) -> list[float]:
        """Scan ``count`` times; return the seconds of each Scan, from call to return."""
        took = []
        for scan_id in range(1, count + 1):
            began = time.perf_counter()
            self._subarray.command_inout("Scan", scan(scan_id))
            took.append(time.perf_counter() - began)
            time.sleep(0.01)
            self._subarray.command_inout("EndScan")
            time.sleep(0.01)
        return took

    def end(self) -> None:
        """End the observation, so that another one can begin."""
        self._subarray.command_inout("End")
        self._subarray.command_inout("ReleaseAllResources")
        self._subarray.command_inout("Off")
