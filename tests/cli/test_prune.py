"""``ska-sdp prune``, on etcd."""

from __future__ import annotations

import signal
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.prune import _Pruner
from ska_sdp_config.cli.prune_pages import Pages
from ska_sdp_config.cli.prune_scan import find_belongings
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.interface import Put
from ska_sdp_config.store.keys import key_of_path
from tests.support.backends import compact
from tests.support.waiting import wait_until

from .conftest import CALL, Run, Start, contents, fill, run_process, update

NOW = datetime.now(timezone.utc)
OLD = last_updated(NOW - timedelta(days=31))
NEW = last_updated(NOW - timedelta(days=29))
OWNER = {"pid": 7, "hostname": "node", "command": []}

FLOW = "/flow/pb-a:data-queue:vis"


def block(**changes: Any) -> dict[str, Any]:
    """Return an execution block that can be removed, with two processing blocks."""
    return {
        "/eb/eb-a": {"status": "FINISHED", "last_updated": OLD, "pb_realtime": ["pb-a"]},
        "/eb/eb-a/state": {"status": "FINISHED", "last_updated": OLD},
        "/pb/pb-a": {"eb_id": "eb-a"},
        "/pb/pb-a/state": {"status": "FINISHED", "last_updated": OLD},
        # Made by a script: not listed by the execution block.
        "/pb/pb-b": {"eb_id": "eb-a", "dependencies": [{"pb_id": "pb-a", "kind": []}]},
        "/pb/pb-b/state": {"status": "FAILED"},
        FLOW: {},
        f"{FLOW}/state": {"status": "DELETED"},
        "/dependency/pb-a:data-queue:vis:pb-x": {},
        "/dependency/pb-x:data-queue:vis:pb-b": {},
        "/dependency/pb-x:data-queue:vis:pb-b/state": {},
        "/request/pb-a:buffer": {},
        "/deploy/proc-pb-a-receive": {},
        "/deploy/proc-pb-a-receive/state": {"num_pod": 1},
        **changes,
    }


OTHERS: dict[str, Any] = {
    "/eb/eb-active": {"status": "ACTIVE", "last_updated": OLD, "pb_batch": ["pb-active"]},
    "/eb/eb-without": {"last_updated": OLD},
    "/eb/eb-new": {"status": "FINISHED", "last_updated": NEW, "pb_batch": ["pb-new"]},
    "/eb/eb-odd": "no mapping",
    "/pb/pb-active": {"eb_id": "eb-active"},
    "/pb/pb-new": {"eb_id": "eb-new"},
    "/pb/pb-new/state": {"status": "FINISHED", "last_updated": OLD},
    "/pb/pb-a-1": {"eb_id": "eb-active"},
    "/pb/pb-alone": {"eb_id": None},
    "/pb/pb-alone/state": {"status": "FINISHED", "last_updated": OLD},
    "/flow/pb-active:data-queue:vis": {},
    "/flow/pb-a-1:data-queue:vis": {},
    "/deploy/proc-pb-a-1-receive": {},
    "/deploy/other": {},
    "/lmc/subarray/01": {"eb_id": "eb-active"},
    "/lmc/subarray/02": {"eb_id": None},
    "/request/pb-active:buffer": {},
    "/script/batch:x:1": {"image": "i"},
}


def test_prune_removes_an_old_block_with_all_that_belongs_to_it(
    database: Config, here: Run
) -> None:
    fill(database, OTHERS | block())
    planned = here("prune", "--older-than", "30d", "--dry-run")
    assert (planned.code, planned.err) == (0, "")
    assert sorted(planned.lines) == sorted(f"delete {path}" for path in block())
    assert contents(database).keys() == OTHERS.keys() | block().keys()
    result = here("prune", "--older-than", "30d")
    assert (result.code, result.err) == (0, "")
    assert sorted(result.lines) == sorted(f"deleted {path}" for path in block())
    assert contents(database).keys() == OTHERS.keys()
    assert here("prune", "--older-than", "30d") == (0, "", "")


def test_prune_removes_only_below_the_prefix(database: Config, here: Run) -> None:
    fill(database, block() | {f"/t{path}": value for path, value in block().items()})
    assert here("--prefix=/t", "prune", "--older-than=30d").code == 0
    assert contents(database).keys() == block().keys()


PB_STATE = "/pb/pb-b/state"
KEPT: list[tuple[str, dict[str, Any], str]] = [
    ("linked", {"/lmc/subarray/03": {"eb_id": "eb-a"}}, "subarray 03 links it"),
    ("owned", {"/eb/eb-a/owner": OWNER}, "/eb/eb-a has an owner"),
    ("owned block", {"/pb/pb-b/owner": OWNER}, "/pb/pb-b has an owner"),
    (
        "owned deployment",
        {"/deploy/proc-pb-a-receive/owner": OWNER},
        "/deploy/proc-pb-a-receive has an owner",
    ),
    *[
        (status, {PB_STATE: {"status": status}}, f"/pb/pb-b is {status}")
        for status in ("RUNNING", "CANCELLING", "WAITING", "ODD")
    ],
    ("no status", {PB_STATE: {}}, "/pb/pb-b is without a status"),
    ("odd state", {PB_STATE: "odd"}, "/pb/pb-b is without a status"),
    ("flow", {f"{FLOW}/state": {"status": "COMPLETED"}}, f"{FLOW} is COMPLETED"),
    ("flow without state", {f"{FLOW}/state": {}}, f"{FLOW} is without a status"),
    ("allocation", {"/allocation/pb-a:buffer": {}}, "/allocation/pb-a:buffer exists"),
    ("of another", {"/pb/pb-a": {"eb_id": "eb-active"}}, "/pb/pb-a belongs to eb-active"),
    (
        "dependent",
        {"/pb/pb-new": {"dependencies": [{"pb_id": "pb-a"}]}, "/pb/pb-new/state": {}},
        "/pb/pb-new depends on it and has not ended",
    ),
    (
        "no time",
        {
            "/eb/eb-a": {"status": "FINISHED", "pb_realtime": ["pb-a"]},
            "/eb/eb-a/state": {},
            "/pb/pb-a/state": {"status": "FINISHED"},
        },
        "its age is unknown",
    ),
]


@pytest.mark.parametrize(("what", "change", "reason"), KEPT, ids=[each[0] for each in KEPT])
def test_prune_keeps_what_is_in_use_and_says_why(
    database: Config, here: Run, what: str, change: dict[str, Any], reason: str
) -> None:
    fill(database, OTHERS | block() | change)
    before = contents(database)
    for option in (["--dry-run"], []):
        result = here("prune", "--older-than=30d", *option)
        assert (result.code, result.out) == (0, "")
        assert result.err == f"ska-sdp: Kept 1 old execution block: /eb/eb-a: {reason}.\n"
        assert contents(database) == before


def test_state_of_a_flow_that_was_deleted_is_removed(database: Config, here: Run) -> None:
    stored = block()
    del stored[FLOW]
    fill(database, stored)
    assert here("prune", "--older-than=30d").code == 0
    assert contents(database) == {}


EB_B = {"/eb/eb-b": {"status": "FINISHED", "last_updated": OLD, "pb_batch": ["pb-a"]}}


def test_allocation_keeps_each_block_that_lists_its_processing_block(
    database: Config, here: Run
) -> None:
    fill(database, block() | EB_B | {"/allocation/pb-a:buffer": {}})
    before = contents(database)
    result = here("prune", "--older-than=30d")
    assert (result.out, contents(database)) == ("", before)
    assert "/eb/eb-a: /allocation/pb-a:buffer exists" in result.err


def test_processing_block_that_two_blocks_list_is_removed_once(
    database: Config, here: Run
) -> None:
    stored = block() | EB_B | {"/pb/pb-a": {}}
    fill(database, stored)
    result = here("prune", "--older-than=30d")
    assert (result.code, result.err) == (0, "")
    assert sorted(result.lines) == sorted(f"deleted {path}" for path in stored)
    assert contents(database) == {}


@pytest.mark.parametrize("status", ["FINISHED", "CANCELLED", "FAILED"])
def test_prune_removes_blocks_of_each_final_status(
    database: Config, here: Run, status: str
) -> None:
    eb = {"status": "CANCELLED", "last_updated": OLD}
    fill(database, block() | {"/eb/eb-a": eb, PB_STATE: {"status": status}})
    assert here("prune", "--older-than=30d").code == 0
    assert contents(database) == {}


AGES = [
    ({"/eb/eb-a": NEW}, False),
    ({"/eb/eb-a/state": NEW}, False),
    ({"/pb/pb-a/state": NEW}, False),
    ({"/eb/eb-a": None}, True),
    ({"/eb/eb-a": 0.0}, True),
    ({"/eb/eb-a": (NOW - timedelta(days=29)).timestamp()}, False),
]


@pytest.mark.parametrize(("times", "is_removed"), AGES)
def test_age_counts_from_the_newest_time(
    database: Config, here: Run, times: dict[str, Any], is_removed: bool
) -> None:
    stored = block()
    for path, time in times.items():
        stored[path] = stored[path] | {"last_updated": time}
    fill(database, stored)
    assert here("prune", "--older-than=30d").err == ""
    assert ("/eb/eb-a" not in contents(database)) == is_removed


@pytest.mark.parametrize(
    ("eb_id", "is_removed"),
    [
        (f"eb-gen-{NOW - timedelta(days=32):%Y%m%d}-00000", True),
        (f"eb-gen-{NOW - timedelta(days=2):%Y%m%d}-00000", False),
        ("eb-gen-20261399-00000", False),
    ],
)
def test_age_counts_from_the_date_in_the_id_if_there_is_no_time(
    database: Config, here: Run, eb_id: str, is_removed: bool
) -> None:
    fill(database, {f"/eb/{eb_id}": {"status": "FINISHED"}})
    assert here("prune", "--older-than=30d").code == 0
    assert (contents(database) == {}) == is_removed


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1y", "1.5d", "", "99999999999999d"])
def test_invalid_age_is_rejected(parse: Run, age: str) -> None:
    result = parse("prune", f"--older-than={age}")
    assert (result.code, "expected a number and s, m, h, d or w" in result.err) == (2, True)


def test_age_is_required(parse: Run) -> None:
    result = parse("prune")
    assert (result.code, "--older-than" in result.err) == (2, True)


def test_search_reads_large_values_in_pages_of_limited_size(database: Config) -> None:
    padding = "x" * 50_000
    eb = {"status": "FINISHED", "last_updated": OLD, "padding": padding}
    for number in range(300):
        fill(database, {f"/eb/eb-{number:03}": eb})
    pages = Pages(database.backend.store, lambda: None)
    sizes: list[int] = []
    read = database.backend.store.read

    def read_and_count(*args: Any, **options: Any) -> Any:
        reply = read(*args, **options)
        sizes.append(sum(len(entry.value) for entry in reply.found[0] or ()))
        return reply

    keys = [f"2/eb/eb-{number:03}" for number in range(300)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database.backend.store, "read", read_and_count)
        assert [entry.key for entry in pages.values(keys)] == keys
    assert len(sizes) == 7  # 100, then 40 at a time
    assert max(sizes[1:]) < 2.1e6


def test_search_reads_fewer_values_after_no_response(
    database: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database, many(150))
    read = database.backend.store.read

    def read_at_most_30(queries: Any, *args: Any, **options: Any) -> Any:
        reply = read(queries, *args, **options)
        if not queries[0].keys_only and len(reply.found[0] or ()) > 30:
            raise ConfigConnectionError("no response")
        return reply

    monkeypatch.setattr(database.backend.store, "read", read_at_most_30)
    monkeypatch.setattr("ska_sdp_config.cli.prune_pages.MAX_VALUES_PER_PAGE", 40)
    [found] = find_belongings(database.backend, "", NOW)
    assert len(found) == 150


def test_search_is_not_repeated_by_compactions(
    database: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database, many(30))
    monkeypatch.setattr("ska_sdp_config.cli.prune_pages.KEYS_PER_PAGE", 10)
    fill(database, {"/other": {}})
    calls: list[int] = []

    def compact_before_page() -> None:
        calls.append(1)
        update(database, "/other", str(len(calls)))
        compact(database.backend)

    found = [*find_belongings(database.backend, "", NOW, compact_before_page)]
    assert [len(blocks) for blocks in found] == [10, 10, 10]
    assert len(calls) < 60


CHANGES: list[tuple[str, Any]] = [
    ("/lmc/subarray/02", {"eb_id": "eb-a"}),
    ("/pb/pb-a/state", {"status": "RUNNING"}),
    ("/pb/pb-a/owner", OWNER),
    ("/eb/eb-a", {"status": "ACTIVE"}),
    ("/flow/pb-b:data-queue:new", {}),
    ("/allocation/pb-b:new", {}),
    ("/request/pb-b:new/owner", OWNER),
    ("/dependency/pb-b:data-queue:new:pb-x/owner", OWNER),
]


@pytest.mark.parametrize("when", ["after the search", "before the commit"])
@pytest.mark.parametrize(("path", "value"), CHANGES, ids=[path for path, _ in CHANGES])
def test_change_during_a_prune_prevents_it(
    database: Config, monkeypatch: pytest.MonkeyPatch, when: str, path: str, value: Any
) -> None:
    fill(database, OTHERS | block())
    before = NOW - timedelta(days=30)
    [blocks] = find_belongings(database.backend, "", before)
    pruner = _Pruner(database.backend, "", before, dry_run=False)

    changed = {path.removesuffix("/owner"): {}, path: value} if "new" in path else {path: value}

    def change() -> None:
        store(database, changed)

    if when == "after the search":
        change()
    else:
        read = pruner._read
        pending = [change]

        def read_and_change(*args: Any) -> Any:
            found = read(*args)
            while pending:
                pending.pop()()
            return found

        monkeypatch.setattr(pruner, "_read", read_and_change)
    pruner.remove(blocks)
    assert (pruner.removed, len(pruner.kept)) == ([], 1)
    assert block().keys() <= contents(database).keys()


def test_dependent_that_was_removed_before_does_not_keep_a_block(
    database: Config, monkeypatch: pytest.MonkeyPatch, here: Run
) -> None:
    monkeypatch.setattr("ska_sdp_config.cli.prune.MAX_KEYS_PER_BATCH", 14)
    stored = many(2)
    stored["/pb/pb-0000"] |= {"dependencies": [{"pb_id": "pb-0001"}]}
    store(database, stored)
    result = here("prune", "--older-than=30d")
    assert (result.code, result.err, contents(database)) == (0, "", {})


def test_block_with_more_conditions_than_fit_a_transaction_is_removed(etcd_server: Any) -> None:
    server = etcd_server(max_txn_ops=None)
    stored = many(2)
    for number in range(140):
        stored[f"/pb/pb-d{number:03}"] = {"dependencies": [{"pb_id": "pb-0000"}]}
        stored[f"/pb/pb-d{number:03}/state"] = {"status": "FINISHED"}
    with Config(host=server.host, port=server.port) as config:
        store(config, stored | {"/pb/pb-d139/state": {"status": "RUNNING"}})
        result = run_process(server, ["prune", "--older-than=30d"])
        assert (result.code, len(result.lines)) == (0, 4)
        assert "/eb/eb-0000: /pb/pb-d139 depends on it and has not ended" in result.err
        update(config, "/pb/pb-d139/state", '{"status": "FINISHED"}')
        result = run_process(server, ["prune", "--older-than=30d"])
        assert (result.code, result.err, len(result.lines)) == (0, "", 4)


def many(count: int) -> dict[str, Any]:
    """Return execution blocks with one processing block each."""
    stored: dict[str, Any] = {}
    for number in range(count):
        eb = {"status": "FINISHED", "last_updated": OLD, "pb_batch": [f"pb-{number:04}"]}
        stored |= {
            f"/eb/eb-{number:04}": eb,
            f"/eb/eb-{number:04}/state": {"status": "FINISHED"},
            f"/pb/pb-{number:04}": {"eb_id": f"eb-{number:04}"},
            f"/pb/pb-{number:04}/state": {"status": "FINISHED"},
        }
    return stored


def store(config: Config, stored: dict[str, Any]) -> None:
    puts = [Put(key_of_path(path), encode(value)) for path, value in stored.items()]
    for begin in range(0, len(puts), 100):
        config.backend.store.commit([], puts[begin : begin + 100], timeout=CALL)


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
        planned = run_process(server, ["prune", "--older-than", "30d", "--dry-run"])
        assert (planned.code, planned.err) == (0, "")
        assert len(planned.lines) == len(large) + 400
        result = run_process(server, ["prune", "--older-than", "30d"])
        assert (result.code, result.err, len(result.lines)) == (0, "", len(planned.lines))
        assert contents(config).keys() == subarrays.keys()


@pytest.mark.parametrize(
    "path", ["/request/pb-b:new", "/dependency/pb-b:data-queue:new:pb-x", "/flow/pb-b:x:new/state"]
)
def test_part_that_is_created_after_the_search_is_removed(database: Config, path: str) -> None:
    fill(database, block())
    before = NOW - timedelta(days=30)
    [blocks] = find_belongings(database.backend, "", before)
    fill(database, {path.removesuffix("/state"): {}, path: {"status": "DELETED"}})
    _Pruner(database.backend, "", before, dry_run=False).remove(blocks)
    assert contents(database) == {}


@pytest.mark.parametrize(
    ("created", "is_kept"),
    [
        ({"/pb/pb-new": {"eb_id": "eb-0001"}, "/pb/pb-new/owner": OWNER}, True),
        ({"/pb/pb-new": {"eb_id": "eb-x", "dependencies": [{"pb_id": "pb-0001"}]}}, True),
        ({"/deploy/proc-pb-0001-new": {}}, False),
    ],
)
def test_search_reads_what_was_created_since_the_last_chunk(
    database: Config, monkeypatch: pytest.MonkeyPatch, created: dict[str, Any], is_kept: bool
) -> None:
    monkeypatch.setattr("ska_sdp_config.cli.prune_pages.KEYS_PER_PAGE", 1)
    store(database, many(2))
    pruner = _Pruner(database.backend, "", NOW, dry_run=False)
    for blocks in find_belongings(database.backend, "", NOW):
        pruner.remove(blocks)
        fill(database, created)
        created = {}
    left = contents(database)
    assert ("/eb/eb-0001" in left, len(pruner.kept) == 1) == (is_kept, is_kept)
    assert is_kept or left == {}


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


def large(time: str = OLD) -> dict[str, Any]:
    """Return an execution block that exceeds one transaction."""
    pb_ids = [f"pb-l{number:03}" for number in range(60)]
    stored: dict[str, Any] = {
        "/eb/eb-large": {"status": "FINISHED", "last_updated": OLD, "pb_batch": pb_ids}
    }
    for pb_id in pb_ids:
        stored[f"/pb/{pb_id}"] = {"eb_id": "eb-large"}
        stored[f"/pb/{pb_id}/state"] = {"status": "FINISHED", "last_updated": time}
    return stored


def test_large_block_that_is_not_old_is_skipped(database: Config, here: Run) -> None:
    store(database, large(NEW) | many(1))
    result = here("prune", "--older-than=30d")
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
    database: Config, here: Run, monkeypatch: pytest.MonkeyPatch
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
    stopped = here("prune", "--older-than=30d")
    assert stopped.err == (
        "ska-sdp: Kept 1 old execution block: /eb/eb-a: subarray 02 links it.\n"
    )
    assert parts == [None, "subarray 02 links it"]
    left = contents(database).keys() & block().keys()
    assert {"/eb/eb-a", "/pb/pb-a", "/pb/pb-b"} < left < block().keys()
    update(database, "/lmc/subarray/02", "{}")
    assert here("prune", "--older-than=30d").err == ""
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
    out, err = process.communicate(timeout=CALL)
    assert (process.returncode, err, len(out.splitlines())) == (0, "", 799)


def test_interrupted_prune_leaves_whole_blocks_and_can_be_finished(
    database: Config, start: Start, here: Run
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
    assert here("prune", "--older-than=30d").code == 0
    assert contents(database) == {}
