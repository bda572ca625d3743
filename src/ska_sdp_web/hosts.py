"""Checks of the headers Host and Origin, against pages of other sites."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["Hosts", "is_same_origin"]


class Hosts:
    """Names under which the page may be reached.

    A name of another site that resolves to this machine (DNS rebinding) is rejected. Addresses
    are accepted: no other site has them.

    Args:
        allowed: further names, without a port or with one; a leading dot allows subdomains.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        names = {"localhost", *(each.lower().rstrip(".") for each in allowed)}
        with suppress(OSError):
            names.add(socket.gethostname().lower())
        self._names = {_name(each) or each for each in names if not each.startswith(".")}
        self._domains = tuple(each for each in names if each.startswith("."))

    def allows(self, host: str | None) -> bool:
        """Return whether the value of a header Host is allowed."""
        name = _name(host or "")
        if name is None:
            return False
        with suppress(ValueError):
            ip_address(name)
            return True
        return name in self._names or name.endswith(self._domains or ("\0",))


def is_same_origin(origin: str | None, host: str | None) -> bool:
    """Return whether the header Origin names the server that the header Host names."""
    try:
        parts = urlsplit(origin or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and parts.netloc == host


def _name(host: str) -> str | None:
    """Return the name or address in a header Host, None if it is invalid."""
    if not host or any(each in host for each in "/\\@?# "):
        return None
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".") or None
    except ValueError:
        return None
