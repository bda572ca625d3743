"""Code samples that introduce transactions and watchers, as tests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

import ska_sdp_config
from ska_sdp_config import Config, ProcessingBlock
from tests.support.configs import MakeConfig
from tests.support.waiting import wait_until

LOGGER = logging.getLogger(__name__)


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


def test_config_is_importable_from_package() -> None:
    assert ska_sdp_config.Config is Config


def increment_a(config: Config) -> None:
    for txn in config.txn():
        a = txn.get("/a")
        if a is None:
            txn.create("/a", "1")
        else:
            txn.update("/a", str(int(a) + 1))


def get(config: Config, path: str) -> Any:
    for txn in config.txn():
        value = txn.get(path)
    return value


def test_concurrent_increments_are_exact(make_config: MakeConfig) -> None:
    def increment_often(config: Config) -> None:
        for _ in range(20):
            increment_a(config)

    configs = [make_config() for _ in range(3)]
    threads = [threading.Thread(target=increment_often, args=(c,)) for c in configs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get(configs[0], "/a") == "60"


def test_assertion_detects_independent_update(config: Config) -> None:
    for txn in config.txn():
        a = txn.get("/a")

    for txn in config.txn():
        assert txn.get("/a") == a, "database state independently updated!"
        if a is None:
            txn.create("/a", "1")
        else:
            txn.update("/a", str(int(a) + 1))
    assert get(config, "/a") == "1"

    increment_a(config)
    with pytest.raises(AssertionError, match="independently updated"):  # noqa: PT012
        for txn in config.txn():
            assert txn.get("/a") == a, "database state independently updated!"
    assert get(config, "/a") == "2"


def test_transaction_per_key_skips_deleted_keys(config: Config) -> None:
    for txn in config.txn():
        for name in ("x", "y", "z"):
            txn.create(f"/as/{name}", name)

    done = []
    for txn in config.txn():
        keys = txn.list_keys("/as/")
    for txn in config.txn():
        txn.delete("/as/y")
    for key in keys:
        for txn in config.txn():
            a = txn.get(key)
            # Another transaction may have deleted the path.
            if a is None:
                break
            done.append(a)
    assert done == ["x", "z"]


class IncrementModel:
    def __init__(self, txn: Any) -> None:
        self._txn = txn

    def increase(self, key: str) -> None:
        a = self._txn.get(key)
        if a is None:
            self._txn.create(key, "1")
        else:
            self._txn.update(key, str(int(a) + 1))

    def list_objects(self) -> list[str]:
        objects: list[str] = self._txn.list_keys("/")
        return objects

    def some_check(self, obj: str) -> bool:
        return obj != "/b"


def increment_txn(config: Config) -> Iterator[IncrementModel]:
    for txn in config.txn():
        yield IncrementModel(txn)


def test_model_wraps_transaction(make_config: MakeConfig) -> None:
    config = make_config()
    for txn in config.txn():
        model = IncrementModel(txn)
        model.increase("/a")
    for model in increment_txn(config):
        model.increase("/a")
    wrapping: Config[IncrementModel] = make_config(wrapper=IncrementModel)
    for model in wrapping.txn():
        model.increase("/a")
    assert get(config, "/a") == "3"


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


def test_body_collects_and_logs_objects(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    for model in increment_txn(config):
        model.increase("/a")
        model.increase("/b")

    with caplog.at_level(logging.DEBUG, logger=LOGGER.name):
        for model in increment_txn(config):
            objects_found = []
            for obj in model.list_objects():
                if model.some_check(obj):
                    LOGGER.debug("Found %s!", obj)
                    objects_found.append(obj)
    assert objects_found == ["/a"]
    assert "Found /a!" in caplog.messages


def test_polling_loop_consumes_line(config: Config) -> None:
    threading.Timer(0.1, lambda: create(config, "/line_to_print", "hello")).start()
    printed: list[str] = []
    while not printed:
        for txn in config.txn():
            line = txn.get("/line_to_print")
            if line is not None:
                txn.delete("/line_to_print")
        if line is not None:
            printed.append(line)
        threading.Event().wait(0.05)
    assert printed == ["hello"]
    assert get(config, "/line_to_print") is None


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
