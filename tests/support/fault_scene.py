"""Database of a system with one subarray in FAULT, as a processing block of it is FAILED."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

__all__ = [
    "DEPLOYMENT",
    "EB",
    "FAILED",
    "IDLE",
    "REASON",
    "WAITING",
    "WAY_OUT",
    "fault_scene",
    "fault_scene_with",
]

EB = "eb-test-20260131-00000"
FAILED, WAITING = "pb-test-20260131-00000", "pb-test-20260131-00001"
DEPLOYMENT = f"proc-{FAILED}-vis-receive"
REASON = "no disk is left"
WAY_OUT = "→ ObsReset or Restart"

IDLE: dict[str, dict[str, Any]] = {"/lmc/subarray/01": {"acknowledged": [FAILED], "reached": True}}
"""Changes of the scene after ObsReset."""


def fault_scene() -> dict[str, Any]:
    """Return the documents by path. Two subarrays; the block failed two minutes ago."""
    now = datetime.now(timezone.utc)

    def before(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    def entry(**fields: Any) -> dict[str, Any]:
        return {
            "command_count": 1,
            "state_commanded": "ON",
            "obs_state_commanded": "EMPTY",
            "reached": True,
            "eb_id": None,
            "last_command": "On",
            "last_command_time": before(60).isoformat(timespec="seconds"),
            "transaction_id": "txn-test-20260131-00000",
            **fields,
        }

    def state(status: str, minutes: float, **fields: Any) -> dict[str, Any]:
        updated = before(minutes).strftime("%Y-%m-%d %H:%M:%S")
        return {"status": status, "last_updated": updated, **fields}

    script = {"kind": "realtime", "name": "vis-receive", "version": "4.5.0"}
    return {
        "/component/helmdeploy/owner": {"pid": 7, "hostname": "here"},
        "/component/lmc-controller/owner": {"pid": 8, "hostname": "here"},
        "/component/lmc-subarray-01/owner": {"pid": 9, "hostname": "here"},
        "/component/lmc-subarray-02/owner": {"pid": 9, "hostname": "here"},
        "/component/proccontrol/owner": {"pid": 6, "hostname": "here"},
        f"/deploy/{DEPLOYMENT}": {"kind": "helm", "args": {"chart": "vis-receive"}},
        f"/deploy/{DEPLOYMENT}/state": {"num_pod": 1, "pods": {"receiver-0": "PENDING"}},
        f"/eb/{EB}": {
            "eb_id": EB,
            "status": "ACTIVE",
            "subarray_id": "01",
            "pb_realtime": [FAILED],
            "pb_batch": [WAITING],
        },
        "/lmc/controller": {
            "last_command": "On",
            "last_command_time": before(61).isoformat(timespec="seconds"),
            "transaction_id": "txn-test-20260131-00000",
            "state_commanded": "ON",
        },
        "/lmc/subarray/01": entry(
            last_command="AssignResources",
            last_command_time=before(3).isoformat(timespec="seconds"),
            transaction_id="txn-test-20260131-00002",
            obs_state_commanded="IDLE",
            reached=False,
            eb_id=EB,
        ),
        "/lmc/subarray/02": entry(),
        f"/pb/{FAILED}": {"pb_id": FAILED, "eb_id": EB, "script": script},
        f"/pb/{FAILED}/state": state("FAILED", 2, reason=REASON),
        f"/pb/{WAITING}": {"pb_id": WAITING, "eb_id": EB, "script": script | {"kind": "batch"}},
        f"/pb/{WAITING}/state": state("WAITING", 3),
    }


def fault_scene_with(changes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the scene with other fields at some of its paths."""
    scene = fault_scene()
    for path, fields in changes.items():
        scene[path] = {**scene[path], **fields}
    return scene
