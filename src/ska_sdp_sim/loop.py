"""Watch loop that can be stopped from another thread, and error isolation inside it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from ska_sdp_config import Config, ConfigConnectionError
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.watcher import Watcher
from ska_sdp_config.store.errors import LeaseNotFound

LOGGER = logging.getLogger(__name__)

RETRY_DELAY = timedelta(seconds=0.5)


class WatchLoop:
    """Calls a function at once, and again whenever something that it read has changed.

    Args:
        config: access to the database.
        reconcile: called with the watcher. It first reads through the watcher, which waits for
            the connection. A write that fails afterwards is retried in the next call.
        follow: prefix of the paths to follow; see Config.watcher.
    """

    def __init__(
        self, config: Config, reconcile: Callable[[Watcher[Transaction]], None], follow: str
    ) -> None:
        self._config = config
        self._reconcile = reconcile
        self._follow = follow
        self._watcher: Watcher[Transaction] | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Run until ``stop`` is called."""
        for watcher in self._config.watcher(follow=[self._follow]):
            self._watcher = watcher
            if self._stopped.is_set():
                return
            try:
                self._reconcile(watcher)
            except (ConfigConnectionError, LeaseNotFound) as error:
                if self._stopped.is_set():
                    return
                # A write that was lost changes nothing in the database, so no watch event would
                # start the retry. An expired lease is granted again meanwhile.
                LOGGER.warning("Retrying after %s", error or type(error).__name__)
                watcher.set_wake_up_at(datetime.now(timezone.utc) + RETRY_DELAY)

    def stop(self) -> None:
        """Stop after the current call. Thread-safe."""
        self._stopped.set()
        if self._watcher is not None:
            self._watcher.trigger()


class ErrorIsolation:
    """Logs an error of one entity and lets the work on the others continue."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._logged: dict[str, str] = {}

    @contextmanager
    def isolate(self, name: str) -> Iterator[None]:
        """Log an error instead of raising it, once for as long as it stays the same.

        Raises:
            ConfigConnectionError: the connection failed, which affects all entities.
            LeaseNotFound: the lease has expired, which affects all entities.
        """
        try:
            yield
        except (ConfigConnectionError, LeaseNotFound):
            raise
        except Exception as error:  # documents edited by hand can make anything fail
            text = f"{type(error).__name__}: {error}"
            if self._logged.get(name) == text:
                return
            self._logged[name] = text
            if isinstance(error, ValueError):
                self._logger.warning("Skipped %s: %s", name, error)
            else:
                self._logger.exception("Skipped %s after an unexpected error.", name)

    def clear(self, name: str) -> None:
        """Clear the last error of an entity, so that the next one is logged."""
        self._logged.pop(name, None)
