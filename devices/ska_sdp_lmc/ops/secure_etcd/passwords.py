"""Password files of users."""

from __future__ import annotations

import secrets
from pathlib import Path

from ska_sdp_lmc.ops.secure_etcd.files import PRIVATE, SecurityError, write_file

__all__ = ["Passwords"]


class Passwords:
    """Passwords in a directory, one file per user, named after the user."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def file(self, user: str) -> Path:
        """Return the path of the password file of a user."""
        return self._directory / user

    def read(self, user: str) -> str | None:
        """Read the password of a user, None if there is no file.

        Raises:
            SecurityError: the file is empty or not text, or others can read it.
            OSError: the file cannot be read.
        """
        file = self.file(user)
        try:
            mode, text = file.stat().st_mode, file.read_text().rstrip("\r\n")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise SecurityError(f"Password file {file} is not text: write one line.") from None
        if not text:
            raise SecurityError(
                f"Password file {file} is empty: write the password, or delete the file for a "
                "new one."
            )
        if mode & 0o077:
            raise SecurityError(f"Others can read password file {file}: run chmod 600 on it.")
        return text

    def create(self, user: str) -> str:
        """Create a password of 256 random bits for a user, and write its file.

        Raises:
            OSError: the file cannot be written.
        """
        password = secrets.token_urlsafe(32)
        write_file(self.file(user), f"{password}\n".encode(), PRIVATE)
        return password
