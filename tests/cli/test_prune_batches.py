"""Batches of ``ska-sdp prune``, and its interruption."""

from __future__ import annotations

import signal
import subprocess
from datetime import timedelta
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.prune import _Pruner
from ska_sdp_config.cli.prune_scan import find_belongings
from tests.support.old_blocks import NEW, NOW, OLD, OTHERS, block, large, many, store
from tests.support.waiting import CALL, wait_until

from .conftest import Run, Start, contents, fill, run_here, update


def test_dependent_that_was_removed_before_does_not_keep_a_block(
    database: Config, monkeypatch: pytest.MonkeyPatch, ska_sdp: Run
) -> None:
    monkeypatch.setattr("ska_sdp_config.cli.prune.MAX_KEYS_PER_BATCH", 14)
    stored = many(2)
    stored["/pb/pb-0000"] |= {"dependencies": [{"pb_id": "pb-0001"}]}
    store(database, stored)
    result = ska_sdp("prune", "--older-than=30d")
    assert (result.code, result.err, contents(database)) == (0, "", {})


def test_block_with_more_conditions_than_fit_a_transaction_is_removed(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    stored = many(2)
    for number in range(140):
        stored[f"/pb/pb-d{number:03}"] = {"dependencies": [{"pb_id": "pb-0000"}]}
        stored[f"/pb/pb-d{number:03}/state"] = {"status": "FINISHED"}
    with Config(host=server.host, port=server.port) as config:
        store(config, stored | {"/pb/pb-d139/state": {"status": "RUNNING"}})
        result = run_here(server, ["prune", "--older-than=30d"])
        assert (result.code, len(result.lines)) == (0, 4)
        assert "/eb/eb-0000: /pb/pb-d139 depends on it and has not ended" in result.err
        update(config, "/pb/pb-d139/state", '{"status": "FINISHED"}')
        result = run_here(server, ["prune", "--older-than=30d"])
        assert (result.code, result.err, len(result.lines)) == (0, "", 4)


def test_batches_fit_the_limits_of_a_server(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    subarrays = {f"/lmc/subarray/{number:02}": {"eb_id": None} for number in range(1, 17)}
    large: dict[str, Any] = {
        "/eb/eb-large": {
            "status": "FINISHED",
            "last_updated": OLD,
            "pb_batch": [f"pb-l{number:03}" for number in range(100)],
        }
    }
    for number in range(100):
        large[f"/pb/pb-l{number:03}"] = {}
        large[f"/pb/pb-l{number:03}/state"] = {"status": "FINISHED"}
        large[f"/flow/pb-l{number:03}:data-queue:vis"] = {}
        large[f"/flow/pb-l{number:03}:data-queue:vis/state"] = {"status": "DELETED"}
    with Config(host=server.host, port=server.port) as config:
        store(config, subarrays | large | many(100))
        planned = run_here(server, ["prune", "--older-than", "30d", "--dry-run"])
        assert (planned.code, planned.err) == (0, "")
        assert len(planned.lines) == len(large) + 400
        result = run_here(server, ["prune", "--older-than", "30d"])
        assert (result.code, result.err, len(result.lines)) == (0, "", len(planned.lines))
        assert contents(config).keys() == subarrays.keys()


def test_flow_that_is_created_between_the_parts_of_a_large_block_keeps_it(
    database: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database, large())
    before = NOW - timedelta(days=30)
    [blocks] = find_belongings(database.backend, "", before)
    pruner = _Pruner(database.backend, "", before, dry_run=False)
    remove_part = pruner._remove_part
    parts: list[str | None] = []

    def create_after_the_first(*args: Any) -> str | None:
        parts.append(remove_part(*args))
        if len(parts) == 1:
            fill(database, {"/flow/pb-l059:x:vis": {}})
        return parts[-1]

    monkeypatch.setattr(pruner, "_remove_part", create_after_the_first)
    pruner.remove(blocks)
    assert pruner.kept == ["/eb/eb-large: /flow/pb-l059:x:vis is without a status"]
    assert {"/eb/eb-large", "/pb/pb-l059", "/flow/pb-l059:x:vis"} <= contents(database).keys()


def test_large_block_that_is_not_old_is_skipped(database: Config, ska_sdp: Run) -> None:
    store(database, large(NEW) | many(1))
    result = ska_sdp("prune", "--older-than=30d")
    assert (result.code, result.err, len(result.lines)) == (0, "", 4)
    assert contents(database).keys() == large().keys()


def test_large_block_that_is_deleted_after_the_search_is_skipped(database: Config) -> None:
    store(database, large())
    before = NOW - timedelta(days=30)
    [blocks] = find_belongings(database.backend, "", before)
    database.backend.delete("/eb/eb-large")
    pruner = _Pruner(database.backend, "", before, dry_run=False)
    pruner.remove(blocks)
    assert (pruner.removed, pruner.kept) == ([], [])


def test_large_block_that_is_linked_between_its_parts_can_be_finished(
    database: Config, ska_sdp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ska_sdp_config.cli.prune.MAX_KEYS_PER_BATCH", 14)
    fill(database, OTHERS | block())
    remove_part = _Pruner._remove_part
    parts = []

    def link_after_the_first(self: Any, *args: Any) -> str | None:
        reason = remove_part(self, *args)
        parts.append(reason)
        if len(parts) == 1:
            update(database, "/lmc/subarray/02", '{"eb_id": "eb-a"}')
        return reason

    monkeypatch.setattr(_Pruner, "_remove_part", link_after_the_first)
    stopped = ska_sdp("prune", "--older-than=30d")
    assert stopped.err == (
        "ska-sdp: Kept 1 old execution block: /eb/eb-a: subarray 02 links it.\n"
    )
    assert parts == [None, "subarray 02 links it"]
    left = contents(database).keys() & block().keys()
    assert {"/eb/eb-a", "/pb/pb-a", "/pb/pb-b"} < left < block().keys()
    update(database, "/lmc/subarray/02", "{}")
    assert ska_sdp("prune", "--older-than=30d").err == ""
    assert contents(database).keys() == OTHERS.keys()


def test_interrupt_stops_between_the_parts_of_a_large_block(database: Config) -> None:
    store(database, large())
    before = NOW - timedelta(days=30)
    [blocks] = find_belongings(database.backend, "", before)

    def interrupt() -> None:
        raise KeyboardInterrupt

    pruner = _Pruner(database.backend, "", before, dry_run=False, on_part=interrupt)
    with pytest.raises(KeyboardInterrupt):
        pruner.remove(blocks)
    left = contents(database).keys()
    assert pruner.removed
    assert left == large().keys() - {*pruner.removed}


def test_removed_keys_are_printed_after_each_batch(database: Config, start: Start) -> None:
    store(database, many(200))
    process: subprocess.Popen[str] = start("prune", "--older-than", "30d")
    assert process.stdout
    assert process.stdout.readline().startswith("deleted /")
    assert contents(database), "it was printed only at the end"
    assert len(process.stdout.readlines()) == 799
    assert process.wait(CALL) == 0


def test_interrupted_prune_leaves_whole_blocks_and_can_be_finished(
    database: Config, start: Start, ska_sdp: Run
) -> None:
    stored = many(600)
    store(database, stored)
    process: subprocess.Popen[str] = start("prune", "--older-than", "30d")

    def has_begun() -> bool:
        return database.backend.get("/eb/eb-0000")[0] is None

    wait_until(has_begun, CALL, "the first batch is removed")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=CALL)
    left = contents(database)
    assert left, "it ended before it was interrupted"
    assert process.returncode == 1
    removed = len(stored) - len(left)
    assert f"Stopped. {removed} keys were removed. Run the same command again to finish." in err
    assert len(out.splitlines()) == removed
    for number in range(600):
        assert sum(f"-{number:04}" in path for path in left) in (0, 4)
    assert ska_sdp("prune", "--older-than=30d").code == 0
    assert contents(database) == {}
