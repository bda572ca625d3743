"""Leased key that marks a device as alive."""

from __future__ import annotations

import logging
from typing import Any

from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.errors import ConfigCollision

__all__ = ["take_presence"]

LOGGER = logging.getLogger(__name__)


def take_presence(watcher: Watcher[Any], component: str) -> None:
    """Register a component for as long as this process renews its lease."""
    try:
        for txn in watcher.txn():
            ownership = txn.component.ownership(component)
            if not ownership.is_owned():
                ownership.take()
    except ConfigCollision as error:
        # Another process serves the device. When its key is removed, the watcher is triggered.
        LOGGER.info("%s", error)
