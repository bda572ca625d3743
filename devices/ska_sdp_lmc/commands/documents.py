"""Reading of stored documents, in which other programs may have written any JSON value."""

from __future__ import annotations

from typing import Any

from ska_sdp_config.lmc.states import Json

__all__ = ["read_list"]


def read_list(document: Json, name: str) -> list[Any]:
    """Return a copy of the list at a key, empty for any other value."""
    found = document.get(name)
    return list(found) if isinstance(found, list) else []
