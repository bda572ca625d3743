"""What becomes of a Config in a child process that was forked while it was in use.

Its threads do not come along, its connections are the parent's, and a lock that one of the
threads held will never be free. So the child lets go of all of it, and says so when asked.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Forkable", "on_fork"]


class Forkable(Protocol):
    """Something with threads, locks or connections."""

    def leave_to_parent(self) -> None:
        """Forget what belongs to the process that this one was forked from.

        The thread that forked is the only one there is; it must not wait for any lock.
        """


_KNOWN: weakref.WeakSet[Forkable] = weakref.WeakSet()


def on_fork(item: Forkable) -> None:
    """Have something told, in the child, of each fork as long as it exists."""
    _KNOWN.add(item)


def _tell_all() -> None:
    for item in list(_KNOWN):
        item.leave_to_parent()


# Not there on systems that do not fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tell_all)
