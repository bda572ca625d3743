"""A component's key, which is there as long as its process lives (spec 2.4)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from ska_sdp_config.engine.backend import Backend
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.store.errors import ConfigConnectionError, ConfigRefused
from ska_sdp_config.store.interface import Query
from ska_sdp_config.store.keys import Span, key_of_path

__all__ = ["Presence"]

LOGGER = logging.getLogger(__name__)

CHECK_EVERY = 1.0
"""Seconds after which it is noticed, at the latest, that the key or its lease was lost."""

RETRY_REJECTED_AFTER = 30.0
"""Seconds before another try where the database rejected the last one, e.g. permission denied."""


class Presence:
    """Keeps one key under the client lease, and puts it again when either was lost.

    Of several processes of one name the last that began has the key. The others leave it to that
    one, and one of them puts its own when it is gone.

    Args:
        backend: where the key is.
        path: its path.
        owner: its value.
    """

    def __init__(self, backend: Backend, path: str, owner: Mapping[str, Any]) -> None:
        self._backend = backend
        self._path = path
        self._key = Query(Span(key_of_path(path)))
        self._value = encode(owner)
        # The client lease at the time of the last put, 0 before the first.
        self._lease = 0
        self._closed = threading.Event()
        # The kinds of errors that were logged since the last success.
        self._logged: set[type[Exception]] = set()
        self._pause = CHECK_EVERY
        try:
            self.put()
        except ConfigConnectionError as exc:
            self._log(exc)
        self._thread = threading.Thread(target=self._keep, name="config-presence", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """The path of the key."""
        return self._path

    def put(self) -> None:
        """Put the key under the client lease of now, unless it is there.

        Raises:
            ConfigConnectionError: the database does not answer.
        """
        for txn in self._backend.txn():
            # Within the loop, as it may turn out to have ended when this is committed.
            lease = self._backend.client_lease.current().id
            value = txn.get(self._path)
            if self._is_due(value, txn.lease_of(self._path), lease):
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

    def _is_due(self, value: str | None, held_by: int, lease: int) -> bool:
        """Tell whether the key is to be put, from what stands there and by which lease."""
        if value is None:
            return True
        if held_by == lease:
            return value != self._value
        # A process that begins takes the key of the one before it, and nobody lives by none.
        # Our own of a lost lease would go with that. Any other is of a process that lives.
        return held_by in (0, self._lease) or not self._lease

    def _keep(self) -> None:
        store = self._backend.store
        while not self._closed.wait(self._pause):
            try:
                lease = self._backend.client_lease.current().id
                # One key, and no transaction: it is asked for as long as the process lives.
                found = store.read([self._key], timeout=store.timeout).found[0]
                entry = found[0] if found else None
                if self._is_due(entry and entry.value, entry.lease if entry else 0, lease):
                    self.put()
            except Exception as exc:
                # Whatever it is: without this thread the key would be lost for good.
                if not store.closed:
                    self._log(exc)
            else:
                self._pause = CHECK_EVERY
                if self._logged:
                    LOGGER.info("The component key %s was written.", self._path)
                    self._logged.clear()

    def _log(self, exc: Exception) -> None:
        """Log an error, once for each kind, and set when to try again."""
        is_rejected = isinstance(exc, ConfigRefused) and exc.retry_after is None
        self._pause = RETRY_REJECTED_AFTER if is_rejected else CHECK_EVERY
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
