"""Login to etcd: a token that is requested on first use, and again after it has expired."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import grpc

from ska_sdp_config.drivers.etcd.errors import login_is_not_required
from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = ["Login", "Metadata"]

LOGGER = logging.getLogger(__name__)

Metadata = tuple[tuple[str, str], ...]

ASK_FOR_LEADER = ("hasleader", "true")
"""Header that makes a member without a leader fail a call at once."""

NO_LOGIN: Metadata = (ASK_FOR_LEADER,)


class Login:
    """Login shared by threads, of which only one requests a token.

    Args:
        settings: user and password, if any.

    Attributes:
        expiries: number of tokens that the server has rejected.
    """

    def __init__(self, settings: Settings) -> None:
        self.expiries = 0
        self._settings = settings
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._token = ""
        self._needed = settings.username is not None

    @property
    def ready(self) -> Metadata:
        """Metadata to send with a call; empty if a login is required first."""
        if token := self._token:
            return (ASK_FOR_LEADER, ("token", token))
        return () if self._needed else NO_LOGIN

    def metadata(self, authenticate: Callable[[float], str], timeout: float) -> Metadata:
        """Return the metadata to send with a call.

        Args:
            authenticate: requests a token, with a timeout in seconds.
            timeout: timeout, in seconds.

        Raises:
            grpc.RpcError: the login failed.
        """
        if ready := self.ready:
            return ready
        token = self._log_in(authenticate, time.monotonic() + timeout)
        return (ASK_FOR_LEADER, ("token", token)) if token else NO_LOGIN

    def on_token_rejected(self, metadata: Metadata, why: str) -> bool:
        """Discard a token that the server rejected.

        Args:
            metadata: the metadata of the rejected call.
            why: reason, for the log.

        Returns:
            Whether another login is possible.
        """
        if self._settings.username is None:
            return False
        with self._lock:
            self._needed = True
            # Another thread may have logged in again since.
            if self._token and ("token", self._token) in metadata:
                LOGGER.info("The login to the database has expired (%s); logging in again.", why)
                self._token = ""
                self.expiries += 1
        return True

    def discard_token(self) -> None:
        """Discard the token, so that the next call logs in again."""
        with self._lock:
            self._token = ""

    def _log_in(self, authenticate: Callable[[float], str], end: float) -> str:
        in_time = self._one_at_a_time.acquire(timeout=max(0.0, end - time.monotonic()))
        try:
            if not self._token and self._needed:
                try:
                    # If no time is left, this raises the timeout error of a call.
                    self._token = authenticate(max(0.001, end - time.monotonic()))
                except grpc.RpcError as exc:
                    if not login_is_not_required(exc):
                        raise
                    LOGGER.info("The database does not require a login; continuing without one.")
                    self._needed = False
            return self._token
        finally:
            if in_time:
                self._one_at_a_time.release()
