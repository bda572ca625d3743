"""The directory that a stack keeps its data and logs in."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DirectoryInUse(RuntimeError):
    """Another stack runs in the directory."""


@contextmanager
def stack_directory(given: Path | None) -> Iterator[Path]:
    """Hold a directory for one stack while inside.

    Args:
        given: It is made when missing, and stays; None makes one that is removed at the end.

    Raises:
        DirectoryInUse: another stack holds it.
        OSError: it cannot be made.
    """
    if given is None:
        with tempfile.TemporaryDirectory(prefix="ska-sdp-lmc-") as made:
            yield Path(made)
        return
    given.mkdir(parents=True, exist_ok=True)
    # The system lets go of the lock when its holder dies, however it dies.
    with (given / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryInUse(
                f"another stack runs in {given}: stop it, or name another directory"
            ) from None
        yield given.resolve()
