"""Login with a token: sessions in memory, and a limit on the number of tries."""

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

MAX_ADDRESSES = 1000
"""Number of addresses whose wrong tries are remembered."""

TRIES_PER_ADDRESS = 5
"""Number of wrong tries from an address without a delay."""

SECONDS_PER_TRY_OF_ADDRESS = 10.0
"""Seconds after which an address has one more try without a delay."""

TRIES = 50
"""Number of wrong tries from all addresses without a delay."""

SECONDS_PER_TRY = 0.5
"""Seconds after which all addresses together have one more try without a delay."""

DELAY_S = 5.0
"""Seconds after which a token is compared if there were too many wrong ones."""

MAX_DELAYED = 200
"""Number of tries that are delayed at a time; more are rejected."""


class WrongToken(Exception):
    """The token is wrong."""


class TooManyTries(Exception):
    """Too many tries are delayed: the token was not compared."""


class _Bucket:
    """Tries without a delay that are left. One is added after some seconds, up to the limit."""

    def __init__(self, limit: int, seconds: float, now: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._left, self._at = float(limit), now

    def is_empty(self, now: float) -> bool:
        """Return whether no try is left."""
        self._left = min(self._limit, self._left + (now - self._at) / self._seconds)
        self._at = now
        return self._left < 1

    def take(self) -> None:
        """Take a try, if one is left."""
        self._left = max(0.0, self._left - 1)


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
        self._all = _Bucket(TRIES, SECONDS_PER_TRY, clock())
        self._addresses: OrderedDict[str, _Bucket] = OrderedDict()
        self._delayed = 0

    async def log_in(self, token: str, address: str) -> str:
        """Return the ID of a new session.

        After too many wrong tokens each one, also the right one, is compared only after a delay:
        guesses are slow, and a viewer is never locked out.

        Args:
            token: the token that the viewer gave.
            address: its address.

        Raises:
            TooManyTries: the token was not compared.
            WrongToken: it is wrong.
        """
        now = self._clock()
        own = self._addresses.pop(address, None) or _Bucket(
            TRIES_PER_ADDRESS, SECONDS_PER_TRY_OF_ADDRESS, now
        )
        self._addresses[address] = own
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        if own.is_empty(now) or self._all.is_empty(now):
            await self._delay()
        if not secrets.compare_digest(token.encode(errors="replace"), self._token):
            own.take()
            self._all.take()
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
