"""A loop over a watcher that can be ended from outside."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.interface import LeaseNotFound

__all__ = ["Loop"]

LOGGER = logging.getLogger(__name__)

_PAUSE = timedelta(seconds=0.5)


class Loop:
    """Does a turn at once, and another whenever something that was read has changed.

    Args:
        config: access to the database.
        turn: does one turn. It first reads through the watcher, which waits for a database that
            does not answer; what it then writes may fail, and the next turn finds it undone.
    """

    def __init__(self, config: Config, turn: Callable[[Watcher[Transaction]], None]) -> None:
        self._config = config
        self._turn = turn
        self._watcher: Watcher[Transaction] | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        """Do turns until the loop is ended."""
        for watcher in self._config.watcher():
            self._watcher = watcher
            if self._ended.is_set():
                return
            try:
                self._turn(watcher)
            except (ConfigConnectionError, LeaseNotFound) as error:
                if self._ended.is_set():
                    return
                # A commit was not sent, or it is not known what became of it, or the lease to
                # own by is lost and will be granted anew. What was to be written may be undone,
                # and then nothing changes that would turn the loop to try again.
                LOGGER.warning("Another turn follows soon: %s", error or type(error).__name__)
                watcher.set_wake_up_at(datetime.now(timezone.utc) + _PAUSE)

    def end(self) -> None:
        """End the loop after the turn that it is in. May be called from any thread."""
        self._ended.set()
        if self._watcher is not None:
            self._watcher.trigger()
