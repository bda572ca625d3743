"""The local stack: etcd, a Tango database, the device servers and the stand-in SDP.

Each part is a real process on a free port of this machine. The tests start the same parts by
the same code. Nothing here loads Tango before a Tango part is used.
"""

from __future__ import annotations

from .device_server import DeviceServer
from .etcd import Etcd
from .local import Layout, LocalStack
from .part import Part
from .process import ServerProcess, StartError
from .stand_in import StandIn
from .tango_db import TangoDatabase

__all__ = [
    "DeviceServer",
    "Etcd",
    "Layout",
    "LocalStack",
    "Part",
    "ServerProcess",
    "StandIn",
    "StartError",
    "TangoDatabase",
]
