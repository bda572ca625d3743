"""Atomic writing of secret files, readable only by their owner at any time."""

from __future__ import annotations

from pathlib import Path

from ska_sdp_config.whole_file import whole_file

__all__ = ["PRIVATE", "PUBLIC", "SecurityError", "write_file"]

PRIVATE = 0o600
PUBLIC = 0o644


class SecurityError(Exception):
    """Operation that cannot be completed; the text gives cause and remedy."""


def write_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file atomically; only its owner can read it until it is complete.

    Args:
        path: path of the file; its directory is created with mode 0700.
        content: content of the file.
        mode: PRIVATE or PUBLIC.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with whole_file(path, mode) as file:
        file.write_bytes(content)
