"""Pauses between attempts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

__all__ = ["growing_pauses", "random_share"]

random_share = random.SystemRandom().random
"""Returns a number from 0 up to, but not including, 1.

The generator of the module ``random`` belongs to the program, which may have seeded it.
"""


def growing_pauses(
    first: float, longest: float, share: Callable[[], float] = random_share
) -> Iterator[float]:
    """Yield pauses that double up to a bound, each reduced by up to half at random.

    The randomness keeps clients that failed together from retrying together.

    Args:
        first: upper bound of the first pause, in seconds.
        longest: upper bound of all pauses, in seconds.
        share: returns a number from 0 up to, but not including, 1.
    """
    pause = min(first, longest)
    while True:
        yield pause * (0.5 + share() / 2)
        pause = min(2 * pause, longest)
