"""How long a transaction may take."""

from __future__ import annotations

import math
import time

from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["Deadline"]


class Deadline:
    """How long a call, or several together, may take.

    Args:
        per_call: seconds for one call.
        total: seconds for all of them, or None for as many as it takes.
        address: where the database is, for the message when time is up.

    Attributes:
        disputed: paths that others have changed meanwhile, for the same message.
    """

    def __init__(self, per_call: float, total: float | None, address: str) -> None:
        self._per_call = per_call
        self._total = total
        self._address = address
        self.disputed: list[str] = []
        self._end = math.inf if total is None else time.monotonic() + total

    def left(self) -> float:
        """Get the seconds that are left for all of it, infinite without a bound."""
        return self._end - time.monotonic()

    def next_call(self) -> float:
        """Get the seconds that the next call may take.

        Raises:
            ConfigConnectionError: no time is left.
        """
        left = self.left()
        if left <= 0:
            others = ", as others kept changing " + ", ".join(self.disputed)
            raise ConfigConnectionError(
                f"The database at {self._address} did not finish the transaction within "
                f"{self._total:g} s{others if self.disputed else ''}: nothing was written, try "
                "again."
            )
        return min(left, self._per_call)
