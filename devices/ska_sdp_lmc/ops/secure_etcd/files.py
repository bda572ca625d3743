"""Files that hold secrets: nobody but their owner reads them, at no moment."""

from __future__ import annotations

from pathlib import Path

from ska_sdp_config.whole_file import whole_file

__all__ = ["PRIVATE", "PUBLIC", "SecurityError", "write_file"]

PRIVATE = 0o600
PUBLIC = 0o644


class SecurityError(Exception):
    """It cannot be done; the text is one sentence that says why, and what to do."""


def write_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all; until it is in place, its owner alone can read it.

    Args:
        path: where; its directory is made, for its owner alone.
        content: what.
        mode: PRIVATE or PUBLIC.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with whole_file(path, mode) as file:
        file.write_bytes(content)
