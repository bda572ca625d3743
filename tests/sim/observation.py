"""Write what the devices would write, and read back what the simulator wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ska_sdp_config import Config, ProcessingBlock
from ska_sdp_config.config import Transaction
from ska_sdp_config.engine.backend import DbRevision
from tests.sim.run import EXECUTION_BLOCK
from tests.support.waiting import wait_until

Json = dict[str, Any]

EB = "eb-test-20260131-00000"
RECEIVE = "pb-test-20260131-00000"
STAMP = "2026-01-31 23:12:37"
SCRIPTS = (
    ("realtime", "vis-receive"),
    ("realtime", "pointing-offset"),
    ("batch", "ical"),
    ("batch", "dpreb"),
)


def define_scripts(config: Config) -> None:
    for txn in config.txn():
        for kind, name in SCRIPTS:
            txn.create_script(kind, name, "1.0.0", {"image": f"registry/{name}:1.0.0"})


def block(
    pb_id: str = RECEIVE,
    script: str = "realtime:vis-receive:1.0.0",
    parameters: Json | None = None,
    after: tuple[str, ...] = (),
    eb_id: str | None = EB,
) -> ProcessingBlock:
    return ProcessingBlock(
        key=pb_id,
        eb_id=eb_id,
        script=script,
        parameters={"time-to-resource": 0.05, "time-to-ready": 0.05, **(parameters or {})},
        dependencies=[{"pb_id": other, "kind": ["visibilities"]} for other in after],
    )


def assign(config: Config, *blocks: ProcessingBlock, eb_id: str = EB, **more: Any) -> None:
    """Create an execution block with its processing blocks, as AssignResources does."""
    execution_block = {
        **EXECUTION_BLOCK,
        "eb_id": eb_id,
        "subarray_id": "01",
        "pb_realtime": [pb.key for pb in blocks if pb.script.kind == "realtime"],
        "pb_batch": [pb.key for pb in blocks if pb.script.kind == "batch"],
        "last_updated": STAMP,
        **more,
    }
    for txn in config.txn():
        txn.create_execution_block(eb_id, execution_block)
        txn.create_execution_block_state(eb_id, {"status": "ACTIVE", "last_updated": STAMP})
        for pb in blocks:
            txn.create_processing_block(pb)


def create(config: Config, *blocks: ProcessingBlock) -> None:
    for txn in config.txn():
        for pb in blocks:
            txn.create_processing_block(pb)


def change(config: Config, eb_id: str = EB, **changes: Any) -> None:
    """Change an execution block, as a device or ``ska-sdp end eb`` does."""
    for txn in config.txn():
        txn.update_execution_block(eb_id, {**(txn.get_execution_block(eb_id) or {}), **changes})


def read(config: Config, reader: Callable[[Transaction], Any]) -> Any:
    found = None
    for txn in config.txn():
        found = reader(txn)
    return found


def state(config: Config, pb_id: str = RECEIVE) -> Json:
    found = read(config, lambda txn: txn.get_processing_block_state(pb_id))
    return dict(found or {})


def until(config: Config, pb_id: str = RECEIVE, within: float = 30.0, **values: Any) -> Json:
    """Wait for values in the state of a processing block; return the state."""

    def holds() -> bool:
        found = state(config, pb_id)
        return all(found.get(key) == value for key, value in values.items())

    wait_until(holds, within, f"{values} in the state of {pb_id}")
    return state(config, pb_id)


def keys(config: Config) -> list[str]:
    """Return all paths but those of scripts and components."""
    paths: list[str] = read(config, lambda txn: txn.list_keys("/", recurse=4))
    return [path for path in paths if not path.startswith(("/script/", "/component/"))]


def revision(config: Config) -> int:
    return int(read(config, lambda txn: txn.revision))


def history(config: Config, since: int, *paths: str) -> list[tuple[int, str, Any]]:
    """Return each commit after a revision that changed one of the paths, oldest first."""
    changes: list[tuple[int, str, Any]] = []
    before = {
        path: config.backend.get(path, DbRevision(since))[1].mod_revision or 0 for path in paths
    }
    for number in range(since + 1, revision(config) + 1):
        for path in paths:
            text, at = config.backend.get(path, DbRevision(number))
            if (at.mod_revision or 0) != before[path]:
                before[path] = at.mod_revision or 0
                changes.append((number, path, None if text is None else json.loads(text)))
    return changes
