"""Processing blocks listed by an execution block, and their paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.lmc.states import Json

__all__ = ["Listed", "listed", "receive_pb_of", "with_state"]


class Listed(NamedTuple):
    """Processing blocks listed by an execution block, real-time ones first.

    Attributes:
        realtime: whether each is real-time, by ID.
        paths: path of each, followed by the path of its state.
    """

    realtime: dict[str, bool]
    paths: tuple[str, ...]


def listed(eb: Json) -> Listed:
    """Return the listed processing blocks without invalid IDs."""
    kinds = dict.fromkeys(_ids(eb.get("pb_realtime")), True)
    for pb_id in _ids(eb.get("pb_batch")):
        kinds.setdefault(pb_id, False)
    return Listed(
        kinds, tuple(path for pb_id in kinds for path in with_state(paths.processing_block(pb_id)))
    )


def receive_pb_of(eb: Json) -> str | None:
    """Return the ID of the processing block that provides the receive addresses, if any."""
    pb_id = eb.get("pb_receive_addresses")
    return pb_id if is_id(pb_id) else None


def with_state(path: str) -> tuple[str, str]:
    """Return the paths of an entity and of its state."""
    return path, paths.state_of(path)


def _ids(items: Any) -> Iterator[str]:
    return (item for item in items if is_id(item)) if isinstance(items, list) else iter(())
