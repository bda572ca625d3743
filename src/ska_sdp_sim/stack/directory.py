"""Directory of a stack's data and logs."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class DirectoryInUse(RuntimeError):
    """Another stack uses the directory."""


@contextmanager
def stack_directory(given: Path | None) -> Iterator[Path]:
    """Lock a directory for one stack.

    Args:
        given: Created if missing, and kept; None creates a temporary directory.

    Raises:
        DirectoryInUse: another stack has locked it.
        OSError: it cannot be created.
    """
    if given is None:
        with tempfile.TemporaryDirectory(prefix="ska-sdp-lmc-") as temporary:
            yield Path(temporary)
        return
    given.mkdir(parents=True, exist_ok=True)
    # The operating system releases the lock when the process ends, even by SIGKILL.
    with (given / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryInUse(
                f"another stack runs in {given}: stop it, or name another directory"
            ) from None
        yield given.resolve()
