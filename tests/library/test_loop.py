"""`Transaction.loop` of the public API, on every backend."""

from __future__ import annotations

import threading

import pytest

from tests.support.configs import MakeConfig
from tests.support.in_time import in_time
from tests.support.waiting import wait_until
from tests.support.watch_loops import IDLE_S, assert_not_woken

pytestmark = pytest.mark.filterwarnings("ignore:Transaction.loop is deprecated")


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


def test_loop_repeats_body_after_its_commit(make_config: MakeConfig) -> None:
    config, other = make_config(), make_config()
    committed: list[str | None] = []
    with in_time(20):
        for txn in config.txn():
            committed.append(other.backend.get("/n")[0])
            txn.delete("/n", must_exist=False)
            txn.create("/n", str(len(committed)))
            if len(committed) < 3:
                txn.loop()
    assert committed == [None, "1", "2"]
    assert other.backend.get("/n")[0] == "3"


def test_loop_waits_for_entities(make_config: MakeConfig) -> None:
    config, other = (make_config(global_prefix="/test") for _ in range(2))
    found: list[list[str]] = []
    for txn in config.txn():
        found.append(txn.list_execution_blocks())
        if not found[-1]:
            txn.loop(True)
            for other_txn in other.txn():
                other_txn.create_execution_block("eb-x", {})
    assert found == [[], ["eb-x"]]


def test_loop_with_wait_repeats_body_only_after_change_of_what_it_read(
    make_config: MakeConfig,
) -> None:
    config, other = make_config(), make_config()
    seen: list[str | None] = []

    def read() -> None:
        for txn in config.txn():
            seen.append(txn.get("/read"))
            if seen[-1] is None:
                txn.loop(wait=True, timeout=60)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: config.backend.open_watches)
    other.backend.create("/elsewhere", "1")
    reader.join(IDLE_S)
    assert seen == [None]
    other.backend.create("/read", "1")
    reader.join(30)
    assert not reader.is_alive()
    assert seen == [None, "1"]


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "reads nothing"])
def test_loop_with_wait_repeats_body_at_its_timeout(make_config: MakeConfig, reads: bool) -> None:
    config = make_config()
    runs = 0
    with assert_not_woken(config.close), in_time(20, least=0.3):
        for txn in config.txn():
            runs += 1
            if reads:
                txn.get("/a")
            if runs == 1:
                txn.loop(wait=True, timeout=0.3)
    assert runs == 2


@pytest.mark.parametrize("waits", [(True, False), (False, True)], ids=str)
def test_loop_called_twice_does_not_wait_if_one_call_does_not(
    make_config: MakeConfig, waits: tuple[bool, bool]
) -> None:
    config = make_config()
    runs = 0
    with in_time(20):
        for txn in config.txn():
            runs += 1
            txn.get("/a")
            for wait in waits if runs == 1 else ():
                txn.loop(wait=wait, timeout=60)
    assert runs == 2
