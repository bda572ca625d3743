"""Simulator process."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ska_sdp_config.lmc import paths
from ska_sdp_sim.simulator import COMPONENTS
from ska_sdp_sim.stack.part import Part
from ska_sdp_sim.stack.programs import clean_environment

OWNER_PATHS = tuple(map(paths.component, COMPONENTS))

ARGUMENTS = (
    "host",
    "port",
    "protocol",
    "cert",
    "client_cert",
    "client_key",
    "username",
    "password",
    "timeout",
)
"""Arguments of Config that default to variables of the environment: SDP_CONFIG_HOST and so on."""


class Simulator(Part):
    """The simulator of ``ska_sdp_sim`` as a process."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        super().__init__("simulator", directory / "simulator.log")
        self.settings = dict(settings)

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "-m", "ska_sdp_sim"]

    def environment(self) -> dict[str, str]:
        """Return the environment with the settings."""
        return clean_environment(**self.settings)

    def is_ready(self) -> bool:
        """Return whether this process holds the owner keys of its components."""
        from ska_sdp_config import Config, ConfigConnectionError

        # An empty text means the default. Without it, Config would read the variable of this
        # process, which the simulator does not have.
        arguments: dict[str, Any] = {
            name: self.settings.get(f"SDP_CONFIG_{name.upper()}", "") for name in ARGUMENTS
        }
        backend = self.settings.get("SDP_CONFIG_BACKEND", "etcd3")
        try:
            with Config(backend=backend, **arguments) as config:
                for txn in config.txn():
                    owners = [txn.get(path) for path in OWNER_PATHS]
        except ConfigConnectionError:
            return False
        return all(self._is_own(owner) for owner in owners)

    def _is_own(self, owner: str | None) -> bool:
        # The key of an earlier process stays until its lease expires.
        return owner is not None and bool(json.loads(owner).get("pid") == self.process.pid)
