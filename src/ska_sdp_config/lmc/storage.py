"""Free space of the capacity buffer, which a resource and its state show.

The path and the names of the amounts are assumed; see docs/reference/assumptions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ska_sdp_config.entity.resource import read_available
from ska_sdp_config.lmc.paths import state_of
from ska_sdp_config.lmc.states import Json

__all__ = ["free_space_mb", "storage_path"]

RESOURCES = "/resource/"
"""Start of the paths of resources."""

STORAGE_NAMES = ("capacity-buffer", "storage")
"""Parts of the paths of resources that are storage."""

UNKNOWN = -1
"""Free space that is not known."""

MAX_LONG = 2**63 - 1
"""Largest value of the attribute."""


def storage_path(storage_key: str, list_paths: Callable[[str], Iterable[str]]) -> str | None:
    """Return the path of the resource that is the capacity buffer, None if there is none.

    Args:
        storage_key: the path in the settings; if empty, it is the first that is storage.
        list_paths: lists the paths below a prefix; others are skipped. Called only without a
            ``storage_key``.
    """
    if storage_key:
        return storage_key
    resources = {
        RESOURCES + path.removeprefix(RESOURCES).partition("/")[0]
        for path in list_paths(RESOURCES)
        if path.startswith(RESOURCES)
    }
    storage = (path for path in resources if any(name in path for name in STORAGE_NAMES))
    return min(storage, default=None)


def free_space_mb(documents: Mapping[str, Json], storage_key: str) -> int:
    """Return the free space of the storage in MB, -1 if it is not known.

    Args:
        documents: the resource and its state, by path.
        storage_key: path of the resource; if empty, the first that is storage.
    """
    path = storage_path(storage_key, lambda _: documents)
    if path is None:
        return UNKNOWN
    found = [documents[each] for each in (state_of(path), path) if each in documents]
    amount = read_available(found)
    return int(amount) if amount is not None and 0 <= amount <= MAX_LONG else UNKNOWN
