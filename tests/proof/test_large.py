"""Many processing blocks, on a server with etcd's default limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial

import pytest

from ska_sdp_config import ConfigCollision, ProcessingBlock
from ska_sdp_config.backends import Etcd3Backend
from ska_sdp_config.config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.store.interface import Put
from ska_sdp_config.transaction import Transaction
from tests.services.versions import NEWER_ONLY, Start
from tests.support.waiting import CALL, wait_until

from .concurrency import amid

SCRIPT = "batch:test:1"
BATCH = 100


@pytest.fixture
def config(start: Start) -> Iterator[Config]:
    # A busy machine needs 15 s for the keys of 50,000 blocks, and the default is 5 s.
    server = start(max_txn_ops=None)
    with Config(Etcd3Backend(host=server.endpoint, timeout=CALL)) as config:
        yield config


def today() -> str:
    return f"{datetime.now(timezone.utc):%Y%m%d}"


def name(number: int, day: str) -> str:
    return f"pb-test-{day}-{number:05}"


def fill(config: Config, count: int, day: str, **parameters: str) -> None:
    """Store so many processing blocks, many in each commit."""
    for begin in range(0, count, BATCH):
        puts = []
        for number in range(begin, min(count, begin + BATCH)):
            block = ProcessingBlock(name(number, day), None, SCRIPT, dict(parameters))
            puts.append(Put(f"2/pb/{block.key}", encode(block.to_dict())))
        config.backend.store.commit([], puts, timeout=CALL)


def take(config: Config) -> str:
    """Create a block with a new ID."""
    for txn in config.txn():
        new: str = txn.new_processing_block_id("test")
        txn.create_processing_block(ProcessingBlock(new, None, SCRIPT))
    return new


def list_twice(txn: Transaction) -> tuple[list[str], list[tuple[str, ProcessingBlock]]]:
    return txn.list_processing_blocks(), txn.processing_block.list_values()


@pytest.mark.long
def test_new_ids_are_consecutive(config: Config) -> None:
    before = today()
    taken = [take(config) for _ in range(300)]
    assert len(set(taken)) == 300
    if today() == before:
        assert taken == [name(number, before) for number in range(300)]
    for txn in config.txn():
        assert txn.list_processing_blocks() == sorted(taken)


@NEWER_ONLY
@pytest.mark.long
def test_new_ids_follow_fifty_thousand_blocks(config: Config) -> None:
    day = today()
    fill(config, 50_000, day)
    taken = [take(config) for _ in range(10)]
    if today() == day:
        assert taken == [name(number, day) for number in range(50_000, 50_010)]
    for txn in config.txn():
        with pytest.raises(ConfigCollision):
            txn.create_processing_block(ProcessingBlock(name(7, day), None, SCRIPT))
        assert len(txn.list_processing_blocks()) == 50_010


@NEWER_ONLY
@pytest.mark.long
def test_twenty_thousand_blocks_are_read_at_one_revision(config: Config) -> None:
    day, filler = today(), "x" * 2_000
    fill(config, 20_000, day, filler=filler)
    pb = ProcessingBlock(name(19_999, day), None, SCRIPT, {"filler": "another"})

    def change() -> None:
        # While pages are read, the last block changes, and others are created and deleted.
        for txn in config.txn():
            txn.update_processing_block(pb)
        for txn in config.txn():
            txn.create("/pb/pb-zz", "{}")
        for txn in config.txn():
            txn.delete("/pb/pb-zz")

    for txn in config.txn():
        assert txn.processing_block.get(name(0, day)) is not None
        keys, values = amid(change, 0.1, partial(list_twice, txn))
        assert keys == [name(number, day) for number in range(20_000)]
        assert [key for key, _ in values] == keys
        assert all(block.parameters == {"filler": filler} for _, block in values)
        texts = txn.get_many([f"/pb/{key}" for key in keys])
        assert sum(len(text or "") for text in texts.values()) > 20_000 * 2_000
    wait_until(lambda: config.backend.get(f"/pb/{pb.key}")[0] == encode(pb.to_dict()))
