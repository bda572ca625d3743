"""Stored objects that are in use, and others that are not."""

from __future__ import annotations

from typing import Any

OWNER = {"pid": 7, "hostname": "node", "command": ["script"]}
PROCESS = "owned by process 7 on node"

STORED: dict[str, Any] = {
    "/lmc/subarray/01": {"eb_id": "eb-linked"},
    "/lmc/subarray/02": {"eb_id": None},
    "/eb/eb-linked": {"status": "ACTIVE", "pb_realtime": ["pb-listed"]},
    "/eb/eb-active": {"status": "ACTIVE"},
    "/eb/eb-old": {"status": "IDLE"},
    "/eb/eb-ended": {"status": "FINISHED", "pb_batch": ["pb-owned"]},
    "/eb/eb-free": {"status": "CANCELLED"},
    "/pb/pb-listed": {"eb_id": None},
    "/pb/pb-active": {"eb_id": "eb-active"},
    "/pb/pb-owned": {"eb_id": "eb-ended"},
    "/pb/pb-owned/owner": OWNER,
    "/pb/pb-owned/state": {"status": "RUNNING"},
    "/pb/pb-free": {"eb_id": "eb-free"},
    "/pb/pb-free/state": {"status": "FINISHED"},
    "/deploy/proc-pb-owned-receive": {},
    "/deploy/proc-pb-active": {},
    "/deploy/proc-pb-free-x": {},
    "/pb/pb-owned-b": {},
    "/deploy/proc-pb-owned-b-receive": {},
    "/deploy/own": {},
    "/deploy/own/owner": OWNER,
    "/flow/pb-owned:data-queue:vis": {},
}

BY_LINK = "/eb/eb-linked is linked by subarray 01"
BY_OWNER = f"/pb/pb-owned is {PROCESS}"
