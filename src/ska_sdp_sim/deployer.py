"""The simulator helm deployer: every deployment that is asked for runs at once."""

from __future__ import annotations

import logging
from datetime import datetime, timezone

from ska_sdp_config import Config
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_sim.block import timestamp
from ska_sdp_sim.shield import Shield

__all__ = ["HelmDeployer"]

LOGGER = logging.getLogger(__name__)


class HelmDeployer:
    """Says of each deployment that it runs.

    Args:
        config: access to the database.
        prefix: what stands before the paths of entities.
    """

    def __init__(
        self,
        config: Config,
        prefix: str = "",
    ) -> None:
        self._config = config
        self._root = f"{prefix}/deploy/"
        self._shield = Shield(LOGGER)

    def turn(self, watcher: Watcher[Transaction]) -> None:
        """Give a state to each deployment that has none; one that cannot have one is left alone.

        Args:
            watcher: the watcher of the loop.

        Raises:
            ConfigConnectionError: a state could not be written, or it is not known whether it was.
        """
        new: list[str] = []
        for txn in watcher.txn():
            paths = txn.list_keys(self._root, recurse=1)
            parts = [path[len(self._root) :].partition("/") for path in paths]
            running = {name for name, _, below in parts if below == "state"}
            new = [name for name, _, below in parts if not below and name not in running]
        for name in new:
            with self._shield.over(name):
                self._deploy(name)

    def _deploy(self, name: str) -> None:
        for txn in self._config.txn(prefetch=[f"{self._root}{name}", f"{self._root}{name}/state"]):
            deployment = txn.deployment(name)
            if deployment.exists() and not deployment.state.exists():
                state = {
                    "status": "RUNNING",
                    "last_updated": timestamp(datetime.now(timezone.utc)),
                }
                deployment.state.create(state)
        LOGGER.info("%s: RUNNING", name)
