"""Passwords of users, each in a file of its own."""

from __future__ import annotations

import secrets
from pathlib import Path

from ska_sdp_lmc.ops.secure_etcd.files import PRIVATE, SecurityError, write_file

__all__ = ["Passwords"]


class Passwords:
    """The passwords in a directory: one file a user, named as the user.

    Args:
        directory: where; what is there is taken, what is missing is made.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def file(self, user: str) -> Path:
        """Get where the password of a user is."""
        return self._directory / user

    def read(self, user: str) -> str | None:
        """Get the password of a user, None if there is no file.

        Raises:
            SecurityError: it is empty, or others may read it.
            OSError: it cannot be read.
        """
        file = self.file(user)
        try:
            mode, text = file.stat().st_mode, file.read_text().rstrip("\r\n")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise SecurityError(f"Password file {file} holds no text: write one line.") from None
        if not text:
            raise SecurityError(
                f"Password file {file} is empty: write the password, or delete the file for a "
                "new one."
            )
        if mode & 0o077:
            raise SecurityError(f"Others may open password file {file}: chmod 600 it.")
        return text

    def make(self, user: str) -> str:
        """Make a password of 256 random bits for a user, and write it.

        Raises:
            OSError: it cannot be written.
        """
        password = secrets.token_urlsafe(32)
        write_file(self.file(user), f"{password}\n".encode(), PRIVATE)
        return password
