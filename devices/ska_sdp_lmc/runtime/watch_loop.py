"""A thread that keeps looking at the database for one device."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_lmc.runtime.database import Database

__all__ = ["Follower"]

LOGGER = logging.getLogger(__name__)

LET_PASS = 0.05
"""Seconds for which a turn lets commands go first."""

PAUSE_AFTER_FAULT = 1.0
"""Seconds before the loop begins anew after a fault."""

Turn = Callable[["Watcher[Any]"], None]
"""Looks once."""


class Follower:
    """Runs a device's turns whenever something that they read has changed.

    Args:
        database: where to look.
        name: name of the thread.
        turn: what to do at each turn.
        context: a context in which all of it runs, made on the thread.
        let_pass: waits, some seconds at most, until no command is at work.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        turn: Turn,
        context: Callable[[], AbstractContextManager[Any]],
        let_pass: Callable[[float], None],
    ) -> None:
        self._database = database
        self._turn = turn
        self._context = context
        self._let_pass = let_pass
        self._ended = threading.Event()
        self._watcher: Watcher[Any] | None = None
        self._turn_began: float | None = None
        self._thread = database.start_thread(name, self._run)

    def end(self) -> None:
        """End the loop soon. Does not wait: the thread may be waiting for the caller's monitor."""
        self._ended.set()
        watcher = self._watcher
        if watcher is not None:
            watcher.trigger()

    @property
    def has_died(self) -> bool:
        """Whether its thread has ended, and nobody wanted that."""
        over = self._ended.is_set() or self._database.is_closed
        return not over and not self._thread.is_alive()

    def turning_for(self) -> float | None:
        """Seconds for which a turn has been going on; None between turns."""
        began = self._turn_began
        return None if began is None else time.monotonic() - began

    def _run(self) -> None:
        with self._context():
            while not self._ended.is_set():
                try:
                    self._follow()
                except ConfigConnectionError as error:
                    # The outcome of an own commit is not known, or the Config was closed: what
                    # stands in the database is looked at again, or it is over.
                    LOGGER.warning("Looking at the database anew: %s", error)
                except Exception:
                    # Whatever it is, a device that goes silent is worse than one that tries
                    # again: the fault is in the log, each time.
                    LOGGER.exception("A turn failed; looking at the database anew.")
                if self._database.is_closed or self._ended.wait(PAUSE_AFTER_FAULT):
                    return

    def _follow(self) -> None:
        for watcher in self._database.config.watcher():
            self._watcher = watcher
            if self._ended.is_set():
                return
            self._let_pass(LET_PASS)
            self._turn_began = time.monotonic()
            try:
                self._turn(watcher)
            finally:
                self._turn_began = None
