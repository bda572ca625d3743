"""The search of ``ska-sdp prune``, and changes after it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.prune import _Pruner
from ska_sdp_config.cli.prune_pages import Pages
from ska_sdp_config.cli.prune_scan import find_belongings
from ska_sdp_config.store.errors import ConfigConnectionError
from tests.support.backends import compact
from tests.support.old_blocks import NOW, OLD, OTHERS, OWNER, block, many, store

from .conftest import contents, fill, update


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
def test_search_reads_blocks_created_since_the_last_chunk(
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
