"""Which processing blocks an execution block lists, and where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.entry import is_id
from ska_sdp_config.lmc.states import Json

__all__ = ["Listed", "listed", "receive_pb_of", "with_state"]


class Listed(NamedTuple):
    """The processing blocks of an execution block, real-time ones first.

    Attributes:
        realtime: whether each is real-time, by its id.
        paths: of each in turn its path, and that of its state.
    """

    realtime: dict[str, bool]
    paths: tuple[str, ...]


def listed(eb: Json) -> Listed:
    """Find the processing blocks that an execution block lists; others wrote it, as they like."""
    kinds = dict.fromkeys(_ids(eb.get("pb_realtime")), True)
    for pb_id in _ids(eb.get("pb_batch")):
        kinds.setdefault(pb_id, False)
    return Listed(
        kinds, tuple(path for pb_id in kinds for path in with_state(paths.processing_block(pb_id)))
    )


def receive_pb_of(eb: Json) -> str | None:
    """Find the id of the processing block that an execution block names for addresses."""
    pb_id = eb.get("pb_receive_addresses")
    return pb_id if is_id(pb_id) else None


def with_state(path: str) -> tuple[str, str]:
    """Get the path of an entity, and that of its state."""
    return path, paths.state_of(path)


def _ids(items: Any) -> Iterator[str]:
    return (item for item in items if is_id(item)) if isinstance(items, list) else iter(())
