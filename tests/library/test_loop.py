"""`Transaction.loop` of the public API, on every backend."""

from __future__ import annotations

import pytest

from tests.support.configs import MakeConfig


def test_loop_is_deprecated_and_repeats_transaction(make_config: MakeConfig) -> None:
    config, other = make_config(), make_config()
    seen: list[str | None] = []
    for txn in config.txn():
        seen.append(txn.get("/a"))
        if len(seen) == 1:
            with pytest.warns(DeprecationWarning, match=r"use Config\.watcher") as caught:
                txn.loop(wait=True, timeout=60)
            other.backend.create("/a", "1")
    assert seen == [None, "1"]
    assert caught[0].filename == __file__


def test_loop_waits_for_entities(make_config: MakeConfig) -> None:
    config, other = (make_config(global_prefix="/test") for _ in range(2))
    found: list[list[str]] = []
    for txn in config.txn():
        found.append(txn.list_execution_blocks())
        if not found[-1]:
            with pytest.warns(DeprecationWarning, match="deprecated"):
                txn.loop(True)
            for other_txn in other.txn():
                other_txn.create_execution_block("eb-x", {})
    assert found == [[], ["eb-x"]]
