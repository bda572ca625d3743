"""Login with a token: sessions in memory, and late answers to wrong tokens."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

__all__ = ["Login", "TooManyTries", "WrongToken"]

SESSION_S = 12 * 3600
"""Time after which a session ends, in seconds."""

MAX_SESSIONS = 1000
"""Number of sessions; the oldest ends when there are more."""

DELAY_S = 2.0
"""Seconds after which a wrong token is answered."""

MAX_DELAYED = 50
"""Number of answers that are delayed at a time; more wrong tokens are rejected at once."""


class WrongToken(Exception):
    """The token is wrong."""


class TooManyTries(WrongToken):
    """The token is wrong, like many others at this time."""


class Login:
    """Sessions of the viewers that have logged in.

    Only the hashes of session IDs are kept. Sessions end with the server.

    Args:
        token: the token.
        clock: monotonic clock, in seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        token: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._token = token.encode()
        self._clock = clock
        self._sleep = sleep
        self._sessions: OrderedDict[bytes, float] = OrderedDict()
        self._delayed = 0

    async def log_in(self, token: str) -> str:
        """Return the ID of a new session.

        Wrong tokens are answered late, and only they: otherwise a client that guesses could lock
        out the operators.

        Args:
            token: the token that the viewer gave.

        Raises:
            WrongToken: it is wrong.
            TooManyTries: it is wrong, and too many answers are delayed already.
        """
        if not secrets.compare_digest(token.encode(errors="replace"), self._token):
            await self._delay()
            raise WrongToken
        session = secrets.token_urlsafe(32)
        self._sessions[_hash(session)] = self._clock() + SESSION_S
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    async def _delay(self) -> None:
        if self._delayed >= MAX_DELAYED:
            raise TooManyTries
        self._delayed += 1
        try:
            await self._sleep(DELAY_S)
        finally:
            self._delayed -= 1

    def is_valid(self, session: str | None) -> bool:
        """Return whether a session has begun and not ended."""
        if not session:
            return False
        key = _hash(session)
        end = self._sessions.get(key)
        if end is not None and end <= self._clock():
            del self._sessions[key]
            return False
        return end is not None

    def log_out(self, session: str | None) -> None:
        """End a session."""
        self._sessions.pop(_hash(session or ""), None)


def _hash(session: str) -> bytes:
    return hashlib.sha256(session.encode(errors="replace")).digest()
