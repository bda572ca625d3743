"""Code samples that introduce transactions and watchers, as tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from ska_sdp_config import Config, ProcessingBlock
from tests.library.conftest import get
from tests.support.configs import MakeConfig
from tests.support.waiting import wait_until


def test_list_processing_blocks_sample(
    make_config: MakeConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config()
    script = {"kind": "realtime", "name": "vis_receive", "version": "0.2.0"}
    for txn in config.txn():
        txn.create_processing_block(ProcessingBlock("pb-one", None, script))
    for txn in config.txn():
        for pb_id in txn.list_processing_blocks():
            pb = txn.get_processing_block(pb_id)
            assert pb
            print("{} ({}:{})".format(pb_id, pb.script["name"], pb.script["version"]))  # noqa: T201
    assert capsys.readouterr().out == "pb-one (vis_receive:0.2.0)\n"


def increment_a(config: Config) -> None:
    for txn in config.txn():
        a = txn.get("/a")
        if a is None:
            txn.create("/a", "1")
        else:
            txn.update("/a", str(int(a) + 1))


class IncrementModel:
    def __init__(self, txn: Any) -> None:
        self._txn = txn

    def increase(self, key: str) -> None:
        a = self._txn.get(key)
        if a is None:
            self._txn.create(key, "1")
        else:
            self._txn.update(key, str(int(a) + 1))


def increment_txn(config: Config) -> Iterator[IncrementModel]:
    for txn in config.txn():
        yield IncrementModel(txn)


def test_repeatable_body_rolls_back_on_conflict(make_config: MakeConfig) -> None:
    config, other = make_config(), make_config()
    runs = 0
    for model in increment_txn(config):
        runs += 1
        to_update = ["/a", "/b", "/c"]
        while to_update:
            model.increase(to_update.pop())
        if runs == 1:
            increment_a(other)
    assert runs == 2
    assert [get(config, path) for path in ("/a", "/b", "/c")] == ["2", "1", "1"]


def create(config: Config, path: str, value: str) -> None:
    for txn in config.txn():
        txn.create(path, value)


def test_watcher_loop_consumes_lines(make_config: MakeConfig) -> None:
    config, other = make_config(), make_config()
    printed: list[str] = []

    def run() -> None:
        for watcher in config.watcher():
            for txn in watcher.txn():
                line = txn.get("/line_to_print")
                if line is not None:
                    txn.delete("/line_to_print")
            if line is not None:
                printed.append(line)
            if line == "stop":
                break

    thread = threading.Thread(target=run)
    thread.start()
    for line in ("one", "two", "stop"):
        create(other, "/line_to_print", line)
        wait_until(lambda: get(other, "/line_to_print") is None)
    thread.join(30)
    assert not thread.is_alive()
    assert printed == ["one", "two", "stop"]


def test_watcher_loop_runs_after_changes_in_each_transaction(make_config: MakeConfig) -> None:
    config, other = make_config(), make_config()
    create(other, "/line_to_print", "something")
    printed = []
    for watcher in config.watcher():
        for txn in watcher.txn():
            line = txn.get("/line_to_print")
        printed.append(("A:", line))
        if len(printed) == 1:
            for txn in other.txn():
                txn.delete("/line_to_print")
        for txn in watcher.txn():
            line = txn.get("/line_to_print")
        printed.append(("B:", line))
        if len(printed) == 4:
            break
    assert printed == [("A:", "something"), ("B:", None), ("A:", None), ("B:", None)]


def test_watcher_loop_runs_after_timeout_and_wake_up(config: Config) -> None:
    began = time.monotonic()
    for turns, watcher in enumerate(config.watcher(timeout=60), start=1):
        if turns == 3:
            break
        if turns == 2:
            watcher.set_timeout(0.1)
        watcher.set_wake_up_at(datetime.now() + timedelta(seconds=0.1))
        watcher.set_wake_up_at(datetime.now() + timedelta(seconds=30))
    assert 0.15 < time.monotonic() - began < 25
