"""Files that hold secrets: nobody but their owner reads them, at no moment."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["PRIVATE", "PUBLIC", "SecurityError", "write_file"]

PRIVATE = 0o600
PUBLIC = 0o644


class SecurityError(Exception):
    """It cannot be done; the text is one sentence that says why, and what to do."""


def write_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, with its mode from the beginning.

    Args:
        path: where; its directory is made, for its owner alone.
        content: what.
        mode: PRIVATE or PUBLIC.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made for its owner alone.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
