"""Index of the status of all blocks: after updates it equals one that was built."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable

import pytest

from ska_sdp_config.lmc.block_index import BlockIndex, index_of_deployments, index_of_pbs

TEXTS = (
    '{"status": "FINISHED"}',
    '{"status": "CANCELLED", "reason": "x"}',
    '{"status": "FAILED", "reason": "no disk is left"}',
    '{"status": "RUNNING", "last_updated": "2026-01-31 12:00:00"}',
    '{"pods": {"a": "FINISHED"}, "status": "FAILED"}',
    '{"pods": {"a": "FAILED"}, "status": "FINISHED"}',
    '{"status": 3}',
    '{"status": "FIN',
    "[]",
    "not JSON",
)


Make = Callable[[], BlockIndex]


def built(make: Make, stored: dict[str, str]) -> BlockIndex:
    index = make()
    paths = [path for path in stored if path.startswith(index.root) and path.count("/") == 2]
    below = [
        (path, text)
        for path, text in stored.items()
        if path.startswith(index.root) and path.count("/") == 3
    ]
    index.build(paths, below)
    return index


@pytest.mark.parametrize("make", [index_of_pbs, index_of_deployments])
@pytest.mark.parametrize("seed", range(20))
def test_updated_index_equals_a_built_one(make: Make, seed: int) -> None:
    rng = random.Random(seed)
    root = make().root
    all_paths = [f"{root}{each}{leaf}" for each in "abcd" for leaf in ("", "/state", "/owner")]
    stored: dict[str, str] = {}
    index = built(make, stored)
    for _ in range(60):
        changed = rng.sample(all_paths, rng.randint(1, 3))
        for path in changed:
            if rng.random() < 0.3:
                stored.pop(path, None)
            else:
                stored[path] = rng.choice(TEXTS)

        def read(paths: Iterable[str]) -> dict[str, str | None]:
            return {path: stored.get(path) for path in paths}

        index.update([*changed, "/eb/eb-a"], read)
        expected = built(make, stored)
        assert index.counts == expected.counts
        assert index.rows == expected.rows


def test_only_blocks_that_have_not_ended_well_have_rows() -> None:
    stored = {f"/pb/pb-{number}": "{}" for number in range(4)}
    stored |= {
        f"/pb/pb-{number}/state": json.dumps({"status": status})
        for number, status in enumerate(("FINISHED", "CANCELLED", "FAILED"))
    }
    index = built(index_of_pbs, stored)
    assert index.counts == {"FINISHED": 1, "CANCELLED": 1, "FAILED": 1, "STARTING": 1}
    assert sorted(index.rows) == ["pb-2", "pb-3"]


def test_state_without_its_block_is_not_counted() -> None:
    index = built(index_of_pbs, {"/pb/pb-a/state": '{"status": "RUNNING"}'})
    assert (index.counts, index.rows) == ({}, {})
