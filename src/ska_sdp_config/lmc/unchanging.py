"""What was found out about a value that nobody changes need not be found out again.

Of the documents that a subarray depends on, a command or a script changes few, and those in
few places. What is read and what is written shares all values that stay the same, so by its
identity a value is known again without being looked through.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["by_identity"]

P = ParamSpec("P")
T = TypeVar("T")


def by_identity(size: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what a function gave for values that nobody changes, to be given for them again.

    Args:
        size: how many results are kept, each with its values; the oldest go.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        # The values are kept too: as long as they are, no other has their identity.
        known: dict[tuple[int, ...], tuple[object, T]] = {}
        lock = threading.Lock()

        @wraps(function)
        def look_up(*values: P.args, **named: P.kwargs) -> T:
            assert not named, "Values are known by their places."
            identity = tuple(map(id, values))
            found = known.get(identity)
            if found is None:
                found = values, function(*values, **named)
                with lock:
                    if len(known) >= size:
                        del known[next(iter(known))]
                    known[identity] = found
            return found[1]

        return look_up

    return decorate
