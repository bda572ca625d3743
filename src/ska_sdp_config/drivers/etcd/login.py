"""The login: a token that is got when it is first needed, and anew when it has expired."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import grpc

from ska_sdp_config.drivers.etcd.errors import login_is_not_asked_for
from ska_sdp_config.drivers.etcd.settings import Settings

__all__ = ["Login", "Metadata"]

LOGGER = logging.getLogger(__name__)

Metadata = tuple[tuple[str, str], ...]

ASK_FOR_LEADER = ("hasleader", "true")
"""A member that is cut off from the others says so, rather than keep us waiting."""


NO_LOGIN: Metadata = (ASK_FOR_LEADER,)


class Login:
    """Who we are to the server. Many threads share it, and one of them logs in for all.

    Args:
        settings: user and password, if any.

    Attributes:
        expiries: how many tokens the server has refused.
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
        """What to send with a call; empty if there is to be a login first."""
        if token := self._token:
            return (ASK_FOR_LEADER, ("token", token))
        return () if self._needed else NO_LOGIN

    def metadata(self, authenticate: Callable[[float], str], timeout: float) -> Metadata:
        """Get what to send with a call.

        Args:
            authenticate: gets a token within some seconds.
            timeout: seconds that this may take.

        Raises:
            grpc.RpcError: the login failed.
        """
        if ready := self.ready:
            return ready
        token = self._log_in(authenticate, time.monotonic() + timeout)
        return (ASK_FOR_LEADER, ("token", token)) if token else NO_LOGIN

    def expired(self, metadata: Metadata, why: str) -> bool:
        """Take notice that the server refuses what was sent.

        Returns:
            Whether there is a user to log in again.
        """
        if self._settings.username is None:
            return False
        with self._lock:
            self._needed = True
            # Another thread may have been told the same, and have logged in since.
            if self._token and ("token", self._token) in metadata:
                LOGGER.info("The login to the database has expired (%s); logging in anew.", why)
                self._token = ""
                self.expiries += 1
        return True

    def forget(self) -> None:
        """Log in anew the next time."""
        with self._lock:
            self._token = ""

    def _log_in(self, authenticate: Callable[[float], str], end: float) -> str:
        in_time = self._one_at_a_time.acquire(timeout=max(0.0, end - time.monotonic()))
        try:
            if not self._token and self._needed:
                try:
                    # Out of time, this says so as any call does.
                    self._token = authenticate(max(0.001, end - time.monotonic()))
                except grpc.RpcError as exc:
                    if not login_is_not_asked_for(exc):
                        raise
                    LOGGER.info("The database asks for no login: going on without.")
                    self._needed = False
            return self._token
        finally:
            if in_time:
                self._one_at_a_time.release()
