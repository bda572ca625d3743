"""Database of an observation as the SDP that is deployed today leaves it.

Its subarray's entry has six fields. It has no ``reached``, ``command_count`` and ``admin_mode``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ska_sdp_config import Config

Json = dict[str, Any]

ENTRY_PATH = "/lmc/subarray/01"
EB, PB = "eb-today-20260131-00000", "pb-today-20260131-00000"
SCRIPT_DEPLOYMENT, RECEIVE_DEPLOYMENT = f"proc-{PB}-script", f"proc-{PB}-vis-receive"
BEAM = {"function": "visibilities", "host": [[0, "10.0.0.1"]], "port": [[0, 9000, 1]]}
ADDRESSES = {"science": {"vis0": BEAM}}

CONTROLLER: Json = {
    "last_command": "On",
    "last_command_time": "2026-01-31T12:00:00+00:00",
    "state_commanded": "ON",
    "transaction_id": "txn-today-20260131-00000",
}
ENTRY: Json = {
    "eb_id": EB,
    "last_command": None,
    "last_command_time": None,
    "obs_state_commanded": "IDLE",
    "resources": {"csp_links": [1, 2], "receptors": ["SKA001"], "receive_nodes": 1},
    "state_commanded": "ON",
}
EXECUTION_BLOCK: Json = {
    "key": EB,
    "eb_id": EB,
    "subarray_id": "01",
    "status": "ACTIVE",
    "scan_types": [{"scan_type_id": "science"}],
    "pb_realtime": [PB],
    "pb_batch": [],
    "pb_receive_addresses": PB,
    "current_scan_type": None,
    "scan_id": None,
    "scans": [],
}
PROCESSING_BLOCK: Json = {
    "key": PB,
    "eb_id": EB,
    "script": {"kind": "realtime", "name": "vis-receive", "version": "5.0.0"},
    "parameters": {},
    "dependencies": [],
}
PB_STATE: Json = {
    "status": "READY",
    "resources_available": True,
    "deployments_ready": True,
    "deployments": {SCRIPT_DEPLOYMENT: "RUNNING", RECEIVE_DEPLOYMENT: "RUNNING"},
    "receive_addresses": ADDRESSES,
    "error_messages": {},
    "last_updated": "2026-01-31 12:00:00",
}
WAITING: Json = {
    "status": "WAITING",
    "resources_available": False,
    "deployments": None,
    "last_updated": "2026-01-31 12:00:00",
}
"""State of a processing block that waits for resources."""


def deployment(dpl_id: str, chart: str) -> Json:
    return {
        "key": dpl_id,
        "dpl_id": dpl_id,
        "kind": "helm",
        "args": {"chart": chart, "values": {}},
    }


def left_by_todays_sdp(
    entry: Json, execution_block: Json, pb_state: Json = PB_STATE
) -> dict[str, Json]:
    """Return the documents of an observation by path.

    Args:
        entry: fields of the subarray's entry that differ.
        execution_block: fields of the execution block that differ.
        pb_state: state of the processing block.
    """
    block = EXECUTION_BLOCK | execution_block
    documents: dict[str, Json] = {
        "/lmc/controller": CONTROLLER,
        ENTRY_PATH: ENTRY | entry,
        f"/eb/{EB}": block,
        f"/eb/{EB}/state": {
            "scan_id": block["scan_id"],
            "scan_type": block["current_scan_type"],
            "scans": [],
            "status": "ACTIVE",
        },
        f"/pb/{PB}": PROCESSING_BLOCK,
        f"/pb/{PB}/state": pb_state,
    }
    for dpl_id, chart in ((SCRIPT_DEPLOYMENT, "script"), (RECEIVE_DEPLOYMENT, "vis-receive")):
        documents[f"/deploy/{dpl_id}"] = deployment(dpl_id, chart)
        documents[f"/deploy/{dpl_id}/state"] = {"num_pod": 1, "pods": {f"{dpl_id}-0": "RUNNING"}}
    return documents


def put(config: Config, documents: Mapping[str, Json]) -> None:
    """Create documents in one transaction."""
    for txn in config.txn():
        for path, document in documents.items():
            txn.raw.create(path, json.dumps(document))
