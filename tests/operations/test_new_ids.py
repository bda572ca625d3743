"""Ids of new blocks."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest

from ska_sdp_config.config import Config
from ska_sdp_config.entity import ProcessingBlock
from tests.support.configs import MakeConfig


def today() -> str:
    return f"{datetime.now(timezone.utc):%Y%m%d}"


def take(txn: Any, kind: str) -> str:
    """Create a block under a new id."""
    if kind == "eb":
        new: str = txn.new_execution_block_id("test")
        txn.create_execution_block(new, {})
    else:
        new = txn.new_processing_block_id("test")
        txn.create_processing_block(ProcessingBlock(new, None, "batch:x:1"))
    return new


@pytest.mark.parametrize("kind", ["pb", "eb"])
@pytest.mark.parametrize("prefix", ["", "/t"])
def test_new_id_is_first_free_one(make_config: MakeConfig, kind: str, prefix: str) -> None:
    config = make_config(global_prefix=prefix)
    for txn in config.txn():
        before = today()
        ids = [take(txn, kind) for _ in range(3)]
        if today() != before:
            pytest.skip("the day changed")
        assert ids == [f"{kind}-test-{before}-{n:05}" for n in range(3)]
        assert re.fullmatch(rf"{kind}-[a-z0-9]+-[0-9]{{8}}-[a-z0-9]+", ids[0])
        txn.delete(f"{prefix}/{kind}/{ids[1]}")
    for txn in config.txn():
        # The same id is returned until a block has it.
        assert take(txn, kind) == ids[1]
        assert take(txn, kind) == f"{kind}-test-{before}-00003"
        # Neither a state alone nor an id that only starts with this one makes it taken.
        txn.create(f"{prefix}/{kind}/{kind}-test-{before}-00004x", "{}")
        txn.create(f"{prefix}/{kind}/{kind}-test-{before}-00004/state", "{}")
        assert take(txn, kind) == f"{kind}-test-{before}-00004"


def test_equal_new_ids_conflict(config: Config) -> None:
    ids, attempts = [], 0
    for txn in config.txn():
        attempts += 1
        mine = take(txn, "pb")
        if attempts == 1:
            for other in config.txn():
                ids.append(take(other, "pb"))
    assert attempts == 2
    assert len({mine, *ids}) == 2


def test_other_new_ids_do_not_conflict(config: Config) -> None:
    attempts = 0
    for txn in config.txn():
        attempts += 1
        txn.new_processing_block_id("mine")
        txn.create("/done", "")
        for other in config.txn():
            other.create_processing_block(
                ProcessingBlock(f"pb-mine-{today()}-00077", None, "batch:x:1")
            )
            take(other, "pb")
    assert attempts == 1


@pytest.mark.parametrize("generator", ["a/b", "a_b", "", " ", "é", "x" * 90])
def test_invalid_generator_is_rejected(config: Config, generator: str) -> None:
    for txn in config.txn():
        with pytest.raises(ValueError, match="cannot be"):
            txn.new_processing_block_id(generator)
