"""Simulated helm deployer: every deployment runs at once."""

from __future__ import annotations

import logging
from datetime import datetime, timezone

from ska_sdp_config import Config
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_sim.database import is_id
from ska_sdp_sim.loop import RETRY_DELAY, ErrorIsolation

LOGGER = logging.getLogger(__name__)


class HelmDeployer:
    """Sets the status of each deployment to RUNNING.

    Attributes:
        root: prefix of the paths to follow.
    """

    def __init__(self, config: Config, prefix: str = "") -> None:
        self.root = f"{prefix}/deploy/"
        self._config = config
        self._to_check: set[str] = set()
        self._errors = ErrorIsolation(LOGGER)

    def reconcile(self, watcher: Watcher[Transaction]) -> None:
        """Create the state of each deployment that has none.

        Raises:
            ConfigConnectionError: a state was not written, or the outcome is unknown.
        """
        for txn in watcher.txn():
            changed = watcher.changed
            if changed is None:
                states = set(txn.list_keys(self.root, recurse=[1]))
                deployments = txn.list_keys(self.root)
                paths = {path for path in deployments if f"{path}/state" not in states}
            else:
                paths = set(changed)
            names = {path[len(self.root) :].partition("/")[0] for path in paths}
            self._to_check |= set(filter(is_id, names))
        for name in sorted(self._to_check):
            with self._errors.isolate(name):
                self._deploy(name)
                self._errors.clear(name)
                self._to_check.discard(name)
        if self._to_check:
            watcher.set_wake_up_at(datetime.now(timezone.utc) + RETRY_DELAY)

    def _deploy(self, name: str) -> None:
        for txn in self._config.txn(prefetch=[f"{self.root}{name}", f"{self.root}{name}/state"]):
            deployment = txn.deployment(name)
            is_new = deployment.exists() and not deployment.state.exists()
            if is_new:
                now = datetime.now(timezone.utc)
                state = {"status": "RUNNING", "last_updated": last_updated(now)}
                deployment.state.create(state)
        if is_new:
            LOGGER.info("%s: RUNNING", name)
