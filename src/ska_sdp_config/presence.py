"""Component key, kept present while its process is alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.store.errors import ConfigConnectionError, ConfigRefused
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.joining import join_on_close
from ska_sdp_config.store.keys import Span, key_of_path

__all__ = ["Presence"]

LOGGER = logging.getLogger(__name__)

CHECK_INTERVAL_S = 1.0
"""Seconds between two checks of the key and its lease."""

RETRY_REJECTED_AFTER_S = 30.0
"""Seconds before a retry after the database rejected a request, e.g. permission denied."""


class Presence:
    """Key under the client lease, written again after either was lost.

    Of several processes with the same name the one started last holds the key. The others do not
    replace it until it is deleted; then one of them writes its own.
    """

    def __init__(self, backend: Backend, path: str, owner: Mapping[str, Any]) -> None:
        self._backend = backend
        self._path = path
        self._key = Query(Span(key_of_path(path)))
        self._value = encode(owner)
        # Client lease of the last write, 0 before the first.
        self._lease = 0
        self._closed = threading.Event()
        # Types of errors logged since the last success.
        self._logged: set[type[Exception]] = set()
        self._pause = CHECK_INTERVAL_S
        try:
            self.put()
        except ConfigConnectionError as exc:
            self._log(exc)
        self._thread = threading.Thread(target=self._run, name="config-presence", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """The path of the key."""
        return self._path

    def put(self) -> None:
        """Write the key under the current client lease if it is missing.

        Raises:
            ConfigConnectionError: the database does not respond.
        """
        for txn in self._backend.txn():
            # Read on each attempt: a commit can fail because the lease has expired.
            lease = self._backend.client_lease.current().id
            value = txn.get(self._path)
            if self._must_write(value, txn.lease_of(self._path), lease):
                txn.delete(self._path, must_exist=False)
                txn.create(self._path, self._value, lease)
        self._lease = lease

    def is_there(self) -> bool:
        """Return whether the key exists.

        Raises:
            ConfigConnectionError: the database does not respond.
        """
        return self._backend.get(self._path)[0] is not None

    def close(self) -> None:
        """Stop the checks. The key is deleted with the lease when the backend is closed."""
        self._closed.set()

    def join(self) -> None:
        """Wait for the end of the thread, after the backend was closed; see ``join_on_close``."""
        join_on_close(self._thread)

    def _must_write(self, value: str | None, current_lease: int, lease: int) -> bool:
        """Return whether to write the key, given its stored value and lease."""
        if value is None:
            return True
        if current_lease == lease:
            return value != self._value
        # A process that starts replaces the key of its predecessor. A key without a lease belongs
        # to no live process, and our own key of a lost lease is about to expire.
        return current_lease in (0, self._lease) or not self._lease

    def _run(self) -> None:
        store = self._backend.store
        while not self._closed.wait(self._pause):
            try:
                lease = self._backend.client_lease.current().id
                # A plain read is cheaper than a transaction, and repeats once per interval.
                found = store.read([self._key], timeout=store.timeout).found[0]
                entry = found[0] if found else None
                if self._must_write(entry and entry.value, entry.lease if entry else 0, lease):
                    self.put()
            except Exception as exc:
                # Any error: without this thread a lost key would never be written again.
                if not store.closed:
                    self._log(exc)
            else:
                self._pause = CHECK_INTERVAL_S
                if self._logged:
                    LOGGER.info("The component key %s was written.", self._path)
                    self._logged.clear()

    def _log(self, exc: Exception) -> None:
        """Log an error, once per type, and set the time of the next attempt."""
        is_rejected = isinstance(exc, ConfigRefused) and exc.retry_after is None
        self._pause = RETRY_REJECTED_AFTER_S if is_rejected else CHECK_INTERVAL_S
        level = logging.ERROR if is_rejected else logging.WARNING
        if type(exc) in self._logged:
            level = logging.DEBUG
        self._logged.add(type(exc))
        LOGGER.log(
            level,
            "The component key %s could not be written, and is retried every %g s: %s",
            self._path,
            self._pause,
            exc,
        )
