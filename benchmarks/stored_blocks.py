"""Blocks that others have stored, and their changes, written on the stubs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ska_sdp_config.entity.codec import encode

from .by_hand import ByHand

__all__ = ["StoredBlocks"]

BLOCKS_PER_EB = 5
PUTS_PER_CALL = 100
SCRIPT = {"kind": "batch", "name": "bench", "version": "1.0.0"}
OWNER = encode({"pid": 1, "hostname": "elsewhere", "command": ["bench"]})


class StoredBlocks:
    """Ended processing blocks with their states and execution blocks, and one that runs.

    Another process owns the block that runs, so that nothing reacts to it.

    Args:
        by_hand: writes the blocks.
    """

    def __init__(self, by_hand: ByHand) -> None:
        self.count = 0
        self._by_hand = by_hand
        self._numbers = itertools.count()
        self._new_ids = (f"pb-new-20260101-{number:05}" for number in itertools.count())
        self._newest = next(self._new_ids)
        by_hand.commit([], {**_block(self._newest), **_running(self._newest, 0)})

    @property
    def running(self) -> str:
        """ID of the block that runs."""
        return self._newest

    @property
    def running_key(self) -> str:
        """Key of the state of the block that runs."""
        return _state_key(self._newest)

    def grow(self, count: int) -> None:
        """Store ended blocks until there are ``count``."""
        puts = itertools.chain.from_iterable(map(_ended, range(self.count, count)))
        while some := dict(itertools.islice(puts, PUTS_PER_CALL)):
            self._by_hand.commit([], some)
        self.count = count

    def change_state(self, reason: str = "") -> None:
        """Write the state of the block that runs, with a reason."""
        self._by_hand.commit([], _running(self._newest, next(self._numbers), reason))

    def replace(self) -> None:
        """End the block that runs, and store another one that runs."""
        ended = {_state_key(self._newest): _state("FINISHED", 0)}
        self._newest = next(self._new_ids)
        self._by_hand.commit([], {**ended, **_block(self._newest), **_running(self._newest, 0)})


def _ended(number: int) -> Iterator[tuple[str, str]]:
    pb_id, eb_id = f"pb-old-20260101-{number:05}", f"eb-old-20260101-{number // BLOCKS_PER_EB:05}"
    yield from _block(pb_id, eb_id).items()
    yield _state_key(pb_id), _state("FINISHED", number)
    if number % BLOCKS_PER_EB == 0:
        ended = {"eb_id": eb_id, "status": "FINISHED", "beams": ["x" * 400]}
        yield f"2/eb/{eb_id}", encode(ended)
        yield f"3/eb/{eb_id}/state", encode({"status": "FINISHED", "scans": []})


def _block(pb_id: str, eb_id: str | None = None) -> dict[str, str]:
    block = {"pb_id": pb_id, "eb_id": eb_id, "script": SCRIPT, "parameters": {"text": "x" * 400}}
    return {f"2/pb/{pb_id}": encode({**block, "dependencies": []})}


def _running(pb_id: str, number: int, reason: str = "") -> dict[str, str]:
    return {_state_key(pb_id): _state("RUNNING", number, reason), f"3/pb/{pb_id}/owner": OWNER}


def _state_key(pb_id: str) -> str:
    return f"3/pb/{pb_id}/state"


def _state(status: str, number: int, reason: str = "") -> str:
    state = {"status": status, "resources_available": True, "deployments_ready": True}
    if reason:
        state["reason"] = reason
    return encode({**state, "number": number, "last_updated": "2026-01-31 23:12:37"})
