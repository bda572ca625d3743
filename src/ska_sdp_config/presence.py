"""A component's key, which is there as long as its process lives (spec 2.4)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from .backend.backend import Backend
from .backend.common import ConfigConnectionError
from .backend.store import LeaseNotFound
from .entity.codec import encode

__all__ = ["Presence"]

LOGGER = logging.getLogger(__name__)

CHECK_EVERY = 1.0
"""Seconds after which a lost lease is noticed, at the latest."""


class Presence:
    """Keeps one key under the client lease, and puts it again when that was lost.

    Args:
        backend: where the key is.
        path: its path.
        owner: its value.
    """

    def __init__(self, backend: Backend, path: str, owner: Mapping[str, Any]) -> None:
        self._backend = backend
        self._path = path
        self._value = encode(owner)
        self._lease = 0
        self._closed = threading.Event()
        try:
            self.put()
        except ConfigConnectionError as exc:
            LOGGER.warning("%s will be put when the database answers: %s", path, exc)
        self._thread = threading.Thread(target=self._keep, name="config-presence", daemon=True)
        self._thread.start()

    def put(self) -> None:
        """Put the key under the client lease of now.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        lease = self._backend.client_lease.current().id
        for txn in self._backend.txn():
            # A key from before lives by another lease, and would go with it.
            txn.delete(self._path, must_exist=False)
            txn.create(self._path, self._value, lease)
        self._lease = lease

    def is_there(self) -> bool:
        """Tell whether the key is in the database.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        return self._backend.get(self._path)[0] is not None

    def close(self) -> None:
        """Stop keeping it; it goes with the lease, when the backend is closed."""
        # After a fork the thread, and the lock within the event, are the parent's.
        if not self._backend.store.closed:
            self._closed.set()

    def join(self) -> None:
        """Wait for the thread to end, after the backend was closed."""
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _keep(self) -> None:
        while not self._closed.wait(CHECK_EVERY):
            try:
                if self._backend.client_lease.current().id != self._lease:
                    self.put()
            except (ConfigConnectionError, LeaseNotFound) as exc:
                LOGGER.debug("%s could not be put just now: %s", self._path, exc)
