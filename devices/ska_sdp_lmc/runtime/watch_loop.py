"""Watch loop of a device."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_lmc.observability.commands_in_progress import CommandsInProgress
from ska_sdp_lmc.runtime.database import Database

__all__ = ["Reconcile", "WatchLoop"]

LOGGER = logging.getLogger(__name__)

RETRY_DELAY_S = 1.0

MAX_WAIT_FOR_COMMANDS_S = 0.05
"""Longest wait of an iteration for commands in progress, in seconds; see docs/decisions/0020."""

Reconcile = Callable[["Watcher[Any]"], None]
"""Reads the database once, publishes the view and writes the resulting updates."""


class WatchLoop:
    """Thread that reconciles a device with the database whenever its last reads have changed.

    Args:
        context: creates, on the thread, the context in which the loop runs.
        commands: the commands in progress on the device.
        follow: prefixes of paths to follow; see Config.watcher.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        reconcile: Reconcile,
        context: Callable[[], AbstractContextManager[Any]],
        commands: CommandsInProgress,
        follow: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._reconcile = reconcile
        self._context = context
        self._commands = commands
        self._follow = follow
        self._stopped = threading.Event()
        self._watcher: Watcher[Any] | None = None
        self._started_at: float | None = None
        self._thread = database.start_thread(name, self._run)

    def stop(self) -> None:
        """Stop the loop without waiting: its thread may be waiting for the caller's monitor."""
        self._stopped.set()
        watcher = self._watcher
        if watcher is not None:
            watcher.trigger()

    def join(self, timeout: float) -> bool:
        """Wait for the end of the thread, at most ``timeout`` seconds; return whether it ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def name(self) -> str:
        """Name of the thread."""
        return self._thread.name

    @property
    def has_died(self) -> bool:
        """Whether the thread has ended without being stopped."""
        is_stopped = self._stopped.is_set() or self._database.is_closed
        return not is_stopped and not self._thread.is_alive()

    def iterating_for(self) -> float | None:
        """Return the duration of the current iteration, in s; None between two iterations."""
        started_at = self._started_at
        return None if started_at is None else time.monotonic() - started_at

    def _run(self) -> None:
        with self._context():
            while not self._stopped.is_set():
                try:
                    self._watch()
                except ConfigConnectionError as error:
                    # The outcome of a commit is unknown, or the Config was closed. A new read
                    # settles the first, and the check below ends the loop in the second case.
                    LOGGER.warning("Reading the database again: %s", error)
                except Exception:
                    # Without a retry the device would never show a change again.
                    LOGGER.exception("The watch loop failed: reading the database again.")
                if self._database.is_closed or self._stopped.wait(RETRY_DELAY_S):
                    return

    def _watch(self) -> None:
        for watcher in self._database.config.watcher(follow=self._follow):
            self._watcher = watcher
            self._commands.wait(MAX_WAIT_FOR_COMMANDS_S)
            if self._stopped.is_set():
                return
            self._started_at = time.monotonic()
            try:
                self._reconcile(watcher)
            finally:
                self._started_at = None
