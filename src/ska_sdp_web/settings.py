"""Settings of the server."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from ska_sdp_config.store.redaction import quoted_redacted, redact_userinfo

__all__ = ["MIN_TOKEN_LENGTH", "Settings", "SettingsError", "read_token"]

MIN_TOKEN_LENGTH = 16
"""Number of characters that a token has at least."""

MAX_TOKEN_BYTES = 4096


class SettingsError(ValueError):
    """A setting is missing or invalid; the message names it and what to do."""


@dataclass(frozen=True)
class Settings:
    """Settings of the server.

    Attributes:
        bind: address to listen on.
        port: port to listen on, 0 for a free one.
        allow_commands: whether viewers may send commands.
        token: token that viewers give to log in, None if everyone sees the page.
        prefix: prefix of all paths of the database.
        tango_prefix: text before ``-sdp`` in the names of the devices.
        frame_ancestors: origins whose pages may embed this one.
        allowed_hosts: names under which the page is reached, besides those of this machine.
        examples: example of the message of each command that has one.
    """

    bind: str = "127.0.0.1"
    port: int = 8080
    allow_commands: bool = False
    token: str | None = field(default=None, repr=False)
    prefix: str = ""
    tango_prefix: str = "test"
    frame_ancestors: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.allow_commands and self.token is None:
            raise SettingsError(
                "--allow-commands needs --token-file FILE: without a token, anyone who reaches "
                "the page could send commands."
            )
        for ancestor in self.frame_ancestors:
            _check_origin(ancestor)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return ip_address(self.bind).is_loopback
        except ValueError:
            return self.bind == "localhost"


def read_token(path: Path) -> tuple[str, str]:
    """Read the file of a token.

    Returns:
        The token, and a warning about the permissions of the file, empty if they are right.

    Raises:
        SettingsError: the file cannot be read, or the token is too short or not printable.
    """
    shown = redact_userinfo(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TOKEN_BYTES + 1)
        found = path.stat()
    except OSError as error:
        raise SettingsError(f"--token-file {shown} cannot be read: {error.strerror}.") from None
    try:
        token = content.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if len(content) > MAX_TOKEN_BYTES or not token.isprintable() or len(token) < MIN_TOKEN_LENGTH:
        raise SettingsError(
            f"--token-file {shown} has no valid token: expected at least {MIN_TOKEN_LENGTH} "
            "printable ASCII characters, e.g. from 'openssl rand -hex 16'."
        )
    # Kubernetes lets a group of this process read a mounted Secret.
    is_other_group = found.st_gid not in {os.getegid(), *os.getgroups()}
    if found.st_mode & stat.S_IROTH or (found.st_mode & stat.S_IRGRP and is_other_group):
        return token, f"{path} can be read by other users: use 'chmod 600 {path}'."
    return token, ""


def _check_origin(text: str) -> None:
    """Check the origin of a page that may embed this one.

    Raises:
        SettingsError: it is no origin. A space or ';' in it would change the policy.
    """
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(" ;,'\"")
    if not (is_plain and _is_origin(text)):
        raise SettingsError(
            f"Invalid --frame-ancestor {quoted_redacted(text)}: expected an origin, e.g. "
            "https://taranta.example."
        )


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    has_host = parts.scheme in ("http", "https") and bool(parts.netloc)
    return has_host and parts.path in ("", "/") and not (parts.query or parts.fragment)
