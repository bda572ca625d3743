"""Simulated helm deployer: every deployment runs at once."""

from __future__ import annotations

import logging
from datetime import datetime, timezone

from ska_sdp_config import Config
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_sim.loop import ErrorIsolation

LOGGER = logging.getLogger(__name__)


class HelmDeployer:
    """Sets the status of each deployment to RUNNING."""

    def __init__(self, config: Config, prefix: str = "") -> None:
        self._config = config
        self._root = f"{prefix}/deploy/"
        self._errors = ErrorIsolation(LOGGER)

    def reconcile(self, watcher: Watcher[Transaction]) -> None:
        """Create the state of each deployment that has none.

        Raises:
            ConfigConnectionError: a state was not written, or the outcome is unknown.
        """
        new: list[str] = []
        for txn in watcher.txn():
            paths = txn.list_keys(self._root, recurse=1)
            parts = [path[len(self._root) :].partition("/") for path in paths]
            running = {name for name, _, below in parts if below == "state"}
            new = [name for name, _, below in parts if not below and name not in running]
        for name in new:
            with self._errors.isolate(name):
                self._deploy(name)

    def _deploy(self, name: str) -> None:
        for txn in self._config.txn(prefetch=[f"{self._root}{name}", f"{self._root}{name}/state"]):
            deployment = txn.deployment(name)
            if deployment.exists() and not deployment.state.exists():
                now = datetime.now(timezone.utc)
                state = {"status": "RUNNING", "last_updated": last_updated(now)}
                deployment.state.create(state)
        LOGGER.info("%s: RUNNING", name)
