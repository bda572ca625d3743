"""Old execution blocks for ``ska-sdp prune``."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.times import last_updated
from ska_sdp_config.store.interface import Put
from ska_sdp_config.store.keys import key_of_path
from tests.support.waiting import CALL

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
