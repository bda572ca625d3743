"""Atomic writing of files, so that an interrupted write leaves no truncated file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: Path, mode: int = 0o600) -> Iterator[Path]:
    """Replace a file after the body has written it.

    The body writes a temporary file in the same directory, readable by its owner only. If the
    body fails, the existing file is unchanged. The target of a symbolic link is replaced, not the
    link; a pipe or device is written to directly.

    Args:
        path: the file; its directory must exist.
        mode: permissions of the file.

    Yields:
        The path of the file to write.

    Raises:
        OSError: the file cannot be written.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        # Also on Ctrl-C: the incomplete file may contain a secret.
        temporary.unlink(missing_ok=True)
        raise
