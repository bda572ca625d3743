"""Cleanup of a Config in a forked child process.

The threads do not exist in the child, the connections belong to the parent, and a lock that a
thread held is never released. So the child drops all of them, and calls raise an error.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Forkable", "on_fork"]


class Forkable(Protocol):
    """Object with threads, locks or connections."""

    def leave_to_parent(self) -> None:
        """Drop everything that belongs to the parent process.

        Called in the only thread of the child; it must not wait for a lock.
        """


_REGISTERED: weakref.WeakSet[Forkable] = weakref.WeakSet()


def on_fork(item: Forkable) -> None:
    """Call ``leave_to_parent`` of an object in each forked child, as long as it exists."""
    _REGISTERED.add(item)


def _notify_all() -> None:
    for item in list(_REGISTERED):
        item.leave_to_parent()


# Missing on systems without fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_notify_all)
