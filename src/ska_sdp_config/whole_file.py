"""Files that are written at once or not at all: one that broke off may look like one of less."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: Path, mode: int = 0o600) -> Iterator[Path]:
    """Put a file in place when the body has written it.

    Until then it is another file beside it, for its owner alone; if the body fails, what was at
    the path stays. A link stays, and what it leads to is written; a pipe or device cannot be
    replaced, and is written to as it is.

    Args:
        path: where; its directory is there.
        mode: who may read and write it.

    Yields:
        The path of the file to write.

    Raises:
        OSError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        # Ctrl-C too: what was begun is of no use to anybody, and may hold a secret.
        beside.unlink(missing_ok=True)
        raise
