"""Number of reads that the simulator needs for many processing blocks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backends import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_sim.database import fetch_blocks, read_block

PB_IDS = [f"pb-test-20260101-{number:05d}" for number in range(5)]
SCRIPT = {"kind": "realtime", "name": "vis-receive", "version": "1.0.0"}


def documents(pb_id: str, deployments: list[str]) -> dict[str, Any]:
    state = {
        "status": "READY",
        "resources_available": True,
        "deployments_ready": True,
        "deployments": dict.fromkeys(deployments, "RUNNING"),
    }
    found: dict[str, Any] = {
        f"/pb/{pb_id}": {"pb_id": pb_id, "script": SCRIPT, "parameters": {}, "dependencies": []},
        f"/pb/{pb_id}/state": state,
    }
    for name in deployments:
        found[f"/deploy/{name}"] = {"key": name, "kind": "helm", "args": {}}
        found[f"/deploy/{name}/state"] = {"num_pod": 1, "pods": {"x": "RUNNING"}}
    return found


def test_recorded_deployments_are_fetched_with_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    with Config(MemoryBackend(Database())) as config:
        for pb_id in PB_IDS:
            names = [f"proc-{pb_id}-script", f"proc-{pb_id}-chart"]
            for path, document in documents(pb_id, names).items():
                config.backend.create(path, json.dumps(document))
        store = config.backend.store
        read = store.read

        def count(*arguments: Any, **options: Any) -> Any:
            nonlocal reads
            reads += 1
            return read(*arguments, **options)

        monkeypatch.setattr(store, "read", count)
        for txn in config.txn():
            fetch_blocks(txn, "", PB_IDS)
            fetched = reads
            blocks = [read_block(txn, pb_id) for pb_id in PB_IDS]
    assert all(block is not None and len(block.recorded) == 2 for block in blocks)
    # Only the definition of their common script is left to read.
    assert reads == fetched + 1
