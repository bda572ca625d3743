"""The local stack: etcd, a Tango database, the device servers and the simulator.

Each part is a process on a free port of this machine; the tests use the same classes. Tango is
imported only when a Tango part is used.
"""

from __future__ import annotations

from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.local import Layout, LocalStack
from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.process import ServerProcess, StartError
from ska_sdp_sim.stack.simulator import Simulator
from ska_sdp_sim.stack.tango_db import TangoDatabase

__all__ = [
    "DeviceServer",
    "Etcd",
    "Layout",
    "LocalStack",
    "Part",
    "ServerProcess",
    "Simulator",
    "StartError",
    "TangoDatabase",
]
