"""The local stack: etcd, a Tango database, the device servers and the simulator.

Each part is a process on a free port of this machine; the tests use the same classes. Tango is
imported only when a Tango part is used.
"""

from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.local import Layout
from ska_sdp_sim.stack.process import StartError
from ska_sdp_sim.stack.tango_db import TangoDatabase

__all__ = ["Etcd", "Layout", "StartError", "TangoDatabase"]
