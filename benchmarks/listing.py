"""Reads of 10,000 processing blocks, against paged range reads."""

from __future__ import annotations

from collections.abc import Iterator

from ska_sdp_config import Config, ProcessingBlock
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.store.interface import Put

from .by_hand import ByHand
from .measure import Row, compare

__all__ = ["BLOCKS", "fill_with_blocks", "rows"]

BLOCKS = 10_000
SCRIPT = {"kind": "batch", "name": "bench", "version": "1.0.0"}


def rows(config: Config, by_hand: ByHand) -> Iterator[Row]:
    """Yield the rows on listing."""
    fill_with_blocks(config)

    def read_as_text(*prefetch: str) -> int:
        for txn in config.txn(prefetch=prefetch):
            found = txn.get_many(txn.list_keys("/pb/"))
        return len(found)

    assert read_as_text("/pb/") == BLOCKS
    yield compare(
        "list and read 10,000 processing blocks as text",
        lambda: read_as_text("/pb/"),
        lambda: by_hand.read_pages("2/pb/"),
        times=1,
        rounds=15,
        bound=1.5,
    )
    # The server reads each page twice: the keys, then the values.
    yield compare(
        "list and read 10,000 processing blocks as text, without prefetch",
        read_as_text,
        lambda: by_hand.read_pages("2/pb/"),
        times=1,
        rounds=15,
        bound=2.5,
    )

    def read_as_models() -> int:
        for txn in config.txn():
            found = txn.processing_block.list_values()
        return len(found)

    def floor() -> list[ProcessingBlock]:
        found = by_hand.read_pages("2/pb/")
        return [ProcessingBlock.model_validate_json(text) for _, text in found]

    assert read_as_models() == BLOCKS
    yield compare(
        "list and read 10,000 processing blocks as models",
        read_as_models,
        floor,
        times=1,
        rounds=15,
        bound=1.3,
    )
    config.backend.delete("/pb", must_exist=False, recursive=True)


def fill_with_blocks(config: Config) -> None:
    """Store 10,000 processing blocks of 1 KiB."""
    for begin in range(0, BLOCKS, 1_000):
        puts = [_block(number) for number in range(begin, begin + 1_000)]
        config.backend.store.commit([], puts, timeout=30)


def _block(number: int) -> Put:
    pb_id = f"pb-bench-20260101-{number:05}"
    block = {"pb_id": pb_id, "eb_id": None, "script": SCRIPT, "parameters": {"text": "x" * 800}}
    return Put(f"2/pb/{pb_id}", encode({**block, "dependencies": []}))
