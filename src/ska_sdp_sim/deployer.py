"""Simulated helm deployer: the pod of every deployment is created and runs at once."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any

from ska_sdp_config import Config
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.lmc.snapshot import read_document
from ska_sdp_sim.database import is_id
from ska_sdp_sim.deployment_state import next_state
from ska_sdp_sim.loop import RETRY_DELAY, ErrorIsolation

LOGGER = logging.getLogger(__name__)


class HelmDeployer:
    """Writes the state of each deployment: its pod is PENDING, then RUNNING.

    Attributes:
        root: prefix of the paths to follow.
    """

    def __init__(self, config: Config, prefix: str = "") -> None:
        self.root = f"{prefix}/deploy/"
        self._config = config
        self._to_check: set[str] = set()
        self._errors = ErrorIsolation(LOGGER)

    def reconcile(self, watcher: Watcher[Transaction]) -> None:
        """Write the next state of each deployment whose pods do not all run yet.

        Raises:
            ConfigConnectionError: a state was not written, or the outcome is unknown.
        """
        for txn in watcher.txn():
            changed = watcher.changed
            if changed is None:
                complete = self._complete(txn)
                paths = {path for path in txn.list_keys(self.root) if path not in complete}
            else:
                paths = set(changed)
            names = {path[len(self.root) :].partition("/")[0] for path in paths}
            self._to_check |= set(filter(is_id, names))
        for name in sorted(self._to_check):
            with self._errors.isolate(name):
                self._advance(name)
                self._errors.clear(name)
                self._to_check.discard(name)
        if self._to_check:
            watcher.set_wake_up_at(datetime.now(timezone.utc) + RETRY_DELAY)

    def _complete(self, txn: Transaction) -> set[str]:
        """Return the paths of the deployments whose state does not change any more."""
        return {
            path.rpartition("/")[0]
            for path, text in txn.peek_values(self.root, recurse=[1])
            if path.endswith("/state") and _next_state(path.split("/")[-2], text) is None
        }

    def _advance(self, name: str) -> None:
        path = f"{self.root}{name}"
        state: dict[str, Any] | None = None
        for txn in self._config.txn(prefetch=[path, f"{path}/state"]):
            state = None
            deployment = txn.deployment(name)
            if deployment.exists():
                state = _next_state(name, txn.get(f"{path}/state"))
                if state is not None:
                    deployment.state.create_or_update(state)
        if state is not None:
            LOGGER.info("%s: %s", name, ", ".join(map(str, state["pods"].values())))


def _next_state(name: str, text: str | None) -> dict[str, Any] | None:
    """Return the next state of a deployment, None if it has none or its state is unreadable."""
    document, _ = read_document(text)
    return next_state(name, document)
