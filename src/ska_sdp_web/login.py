"""Login with a token: sessions in memory, and a limit on the number of tries."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Login", "TooManyTries", "WrongToken"]

SESSION_S = 12 * 3600
"""Time after which a session ends, in seconds."""

MAX_SESSIONS = 1000
"""Number of sessions; the oldest ends when there are more."""

MAX_ADDRESSES = 1000
"""Number of addresses whose wrong tries are remembered."""

TRIES_PER_ADDRESS = 5
"""Number of wrong tries from an address without a delay."""

DELAY_PER_ADDRESS_S = 10.0
"""Seconds after which an address may try once more."""

TRIES = 50
"""Number of wrong tries from all addresses without a delay."""

DELAY_S = 0.5
"""Seconds after which any address may try once more."""


class WrongToken(Exception):
    """The token is wrong."""


class TooManyTries(Exception):
    """There were too many wrong tokens.

    Attributes:
        delay: seconds after which another one is compared.
    """

    def __init__(self, delay: float) -> None:
        super().__init__(f"too many tries, wait {delay:.0f} s")
        self.delay = delay


class _Bucket:
    """Tries that are left. One is added after each delay, up to the limit."""

    def __init__(self, limit: int, delay: float, now: float) -> None:
        self._limit, self._delay = limit, delay
        self._left, self._at = float(limit), now

    def wait(self, now: float) -> float:
        """Return the seconds until there is a try, 0 if there is one."""
        self._left = min(self._limit, self._left + (now - self._at) / self._delay)
        self._at = now
        return max(0.0, (1 - self._left) * self._delay)

    def take(self) -> None:
        """Take a try."""
        self._left -= 1


class Login:
    """Sessions of the viewers that gave the token.

    Only the hashes of session IDs are kept. Sessions end with the server.

    Args:
        token: the token.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._token = token.encode()
        self._clock = clock
        self._sessions: OrderedDict[bytes, float] = OrderedDict()
        self._all = _Bucket(TRIES, DELAY_S, clock())
        self._addresses: OrderedDict[str, _Bucket] = OrderedDict()

    def log_in(self, token: str, address: str) -> str:
        """Return the ID of a new session.

        Args:
            token: the token that the viewer gave.
            address: its address.

        Raises:
            TooManyTries: the token was not compared.
            WrongToken: it is wrong.
        """
        now = self._clock()
        own = self._addresses.pop(address, None) or _Bucket(
            TRIES_PER_ADDRESS, DELAY_PER_ADDRESS_S, now
        )
        self._addresses[address] = own
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        delay = max(own.wait(now), self._all.wait(now))
        if delay > 0:
            raise TooManyTries(delay)
        if not secrets.compare_digest(token.encode(errors="replace"), self._token):
            own.take()
            self._all.take()
            raise WrongToken
        session = secrets.token_urlsafe(32)
        self._sessions[_hash(session)] = now + SESSION_S
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return session

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
