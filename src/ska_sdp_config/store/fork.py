"""Check that a Config is used by the process that created it.

After a fork the child has copies of the parent's connections, without its threads, and with locks
that may never be released. So the child gets an error instead, and releases nothing.
"""

from __future__ import annotations

import os

__all__ = ["CreatorProcess", "ForkedProcessError"]


class ForkedProcessError(RuntimeError):
    """A Config of the parent process was used in a forked child."""


class CreatorProcess:
    """The process that created an object."""

    _current = os.getpid()

    def __init__(self) -> None:
        self._pid = self._current

    @property
    def is_current(self) -> bool:
        """Whether it is this process, and not the parent of this process."""
        return self._current == self._pid

    @classmethod
    def update(cls) -> None:
        """Determine the ID of this process again, after a fork.

        A system call at each check would make a transaction in memory a tenth slower.
        """
        cls._current = os.getpid()

    def check(self) -> None:
        """Check that it is this process.

        Raises:
            ForkedProcessError: this process is a forked child.
        """
        if not self.is_current:
            raise ForkedProcessError(
                f"This Config was created in process {self._pid}: create a new Config after a "
                "fork."
            )


# Missing on systems without fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CreatorProcess.update)
