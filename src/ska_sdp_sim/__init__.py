"""A simulator of the rest of the SDP: processing controller, helm deployer and scripts.

It follows the same protocol in the configuration database as the real ones (spec 4.8), so that
the devices can be driven through whole observations with nothing but a database::

    with Simulator(host="127.0.0.1", port=2379):
        ...

``python -m ska_sdp_sim`` is the same as a command, ``ska_sdp_sim.pytest_plugin`` as a fixture.
How a script behaves is said by the parameters of its processing block, see ``Parameters``.
"""

from ska_sdp_sim.parameters import Parameters
from ska_sdp_sim.script import Settings
from ska_sdp_sim.simulator import COMPONENTS, Simulator

__all__ = ["COMPONENTS", "Parameters", "Settings", "Simulator"]
