"""The leased key that is there while a device is served (spec 4.1)."""

from __future__ import annotations

import logging
from typing import Any

from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.errors import ConfigCollision

__all__ = ["take_presence"]

LOGGER = logging.getLogger(__name__)


def take_presence(watcher: Watcher[Any], component: str) -> None:
    """Register a component, until the lease of this process ends.

    Args:
        watcher: of the device that the component is.
        component: its name.
    """
    try:
        for txn in watcher.txn():
            ownership = txn.component.ownership(component)
            if not ownership.is_owned():
                ownership.take()
    except ConfigCollision as error:
        # Another process for the same device was faster: when it goes, its key does.
        LOGGER.info("%s", error)
