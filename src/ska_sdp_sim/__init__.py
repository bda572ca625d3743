"""Simulator of the rest of the SDP: processing controller, helm deployer and scripts.

It follows the protocol of the real components in the configuration database, so that the devices
run whole observations with nothing but a database::

    with Simulator(host="127.0.0.1", port=2379):
        ...

``python -m ska_sdp_sim`` runs it as a command, ``ska_sdp_sim.pytest_plugin`` as a fixture. The
parameters of a processing block set the behaviour of its script, see ``Parameters``.
"""

from ska_sdp_sim.parameters import Parameters
from ska_sdp_sim.script import Settings
from ska_sdp_sim.simulator import COMPONENTS, Simulator

__all__ = ["COMPONENTS", "Parameters", "Settings", "Simulator"]
