"""Changes of the database, as the live view receives them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Everything", "Received", "Write"]


class Everything(NamedTuple):
    """All texts by path at a revision, after the start or a gap."""

    texts: dict[str, str]
    revision: int


class Write(NamedTuple):
    """Write at a path, or its deletion if the text is None."""

    path: str
    text: str | None
    revision: int


Received = Everything | Write
