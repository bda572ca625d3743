"""Time limit of a transaction."""

from __future__ import annotations

import math
import time

from ska_sdp_config.store.errors import ConfigConnectionError

__all__ = ["Deadline"]


class Deadline:
    """Time limit of one call and of several calls together.

    Args:
        per_call: timeout of one call, in seconds.
        total: timeout of all calls, in seconds; None for no limit.
        address: address of the database, for the error message.

    Attributes:
        disputed: paths that other clients have changed, for the error message.
    """

    def __init__(self, per_call: float, total: float | None, address: str) -> None:
        self._per_call = per_call
        self._total = total
        self._address = address
        self.disputed: list[str] = []
        self._end = math.inf if total is None else time.monotonic() + total

    def left(self) -> float:
        """Return the seconds left for all calls, infinite without a limit."""
        return self._end - time.monotonic()

    def next_call(self) -> float:
        """Return the timeout of the next call, in seconds.

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
