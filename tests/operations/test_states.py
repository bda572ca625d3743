"""States as the programs of the deployed SDP write them: stored, read, valid as they are."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ska_sdp_config import Config, statuses
from ska_sdp_config.cli.objects import locate
from ska_sdp_config.cli.validity import find_faults
from ska_sdp_config.config import Transaction
from ska_sdp_config.entity import Flow
from ska_sdp_config.entity.flow import Dependency

FLOW = Flow.Key(pb_id="pb-x", kind="data-product", name="vis")
DEPENDENCY = Dependency.Key(
    pb_id="pb-x", kind="dlm-copy", name="vis", origin="ska-data-lifecycle-management"
)
UPDATED = {"last_updated": "2026-01-31 12:00:00"}
EPOCH = {"last_updated": 1769860800.25}


KNOWN = {
    "PbStatus": "STARTING WAITING RUNNING READY FINISHED CANCELLING CANCELLED FAILED",
    "EbStatus": "ACTIVE FINISHED CANCELLED",
    "PodStatus": "PENDING RUNNING FINISHED CANCELLED FAILED UNSET",
    "FlowStatus": (
        "WAITING PENDING INITIALISED FLOWING COMPLETED INCOMPLETE FAILED DELETING DELETED"
    ),
    "DependencyStatus": "WORKING FINISHED FAILED",
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_statuses_are_those_of_the_deployed_sdp(name: str) -> None:
    assert set(statuses.__all__) == KNOWN.keys()
    assert get_args(getattr(statuses, name)) == tuple(KNOWN[name].split())


def check(config: Config, path: str, operations: Any, *states: dict[str, Any]) -> None:
    """Check that states can be stored one after the other, are read unchanged and are valid."""
    place = locate(path)
    assert place is not None
    for state in states:
        for txn in config.txn():
            operations(txn).create_or_update(state)
        for txn in config.txn():
            assert operations(txn).get() == state
        assert find_faults(place, state) == []


def of_pb(txn: Transaction) -> Any:
    return txn.processing_block.state("pb-x")


def test_eb_state_has_scans_and_status(config: Config) -> None:
    state = {"scan_id": 4, "scan_type": "science", "scans": [], "status": "ACTIVE"}
    idle = {**state, "scan_id": None, "scan_type": None}
    check(config, "/eb/eb-x/state", lambda txn: txn.execution_block.state("eb-x"), state, idle)


@pytest.mark.parametrize(
    "status",
    [
        "STARTING",
        "WAITING",
        "RUNNING",
        "READY",
        "FINISHED",
        "CANCELLING",
        "CANCELLED",
        "FAILED",
        "TOMORROWS",
    ],
)
def test_pb_status_is_stored(config: Config, status: str) -> None:
    check(config, "/pb/pb-x/state", of_pb, {"status": status, **UPDATED})


@pytest.mark.parametrize("deployments", [None, {}, {"proc-pb-x-script": "RUNNING"}])
def test_pb_state_has_both_flags_and_deployments(config: Config, deployments: Any) -> None:
    state = {
        "status": "READY",
        "resources_available": True,
        "deployments_ready": True,
        "deployments": deployments,
        "receive_addresses": {"science": {}},
        **UPDATED,
    }
    check(config, "/pb/pb-x/state", of_pb, state)


@pytest.mark.parametrize("errors", ["no disk", ["no disk"], {"write": "no disk"}])
def test_pb_state_has_error_messages_of_any_form(config: Config, errors: Any) -> None:
    check(config, "/pb/pb-x/state", of_pb, {"status": "RUNNING", "error_messages": errors})


@pytest.mark.parametrize(
    "status", ["PENDING", "RUNNING", "FINISHED", "CANCELLED", "FAILED", "UNSET"]
)
def test_deployment_state_has_pods(config: Config, status: str) -> None:
    state = {"num_pod": 2, "pods": {"proc-x-0": status, "proc-x-1": "RUNNING"}}
    check(config, "/deploy/proc-x/state", lambda txn: txn.deployment.state("proc-x"), state)


@pytest.mark.parametrize(
    "status",
    [
        "WAITING",
        "PENDING",
        "INITIALISED",
        "FLOWING",
        "COMPLETED",
        "INCOMPLETE",
        "FAILED",
        "DELETING",
        "DELETED",
        "TOMORROWS",
    ],
)
def test_flow_status_is_stored(config: Config, status: str) -> None:
    check(config, f"/flow/{FLOW}/state", lambda txn: txn.flow.state(FLOW), {"status": status})


@pytest.mark.parametrize("size", [-1, 0, 12, 12.5])
def test_flow_state_has_errors_and_size(config: Config, size: float) -> None:
    error = {"error": "no disk is left", "parameters": {"path": "/data"}}
    state = {"status": "FAILED", "error_state": [error], "size": size, **EPOCH}
    check(config, f"/flow/{FLOW}/state", lambda txn: txn.flow.state(FLOW), state)


def test_dependency_state_is_empty_then_has_a_status(config: Config) -> None:
    states = [{}, *({"status": status} for status in ("WORKING", "FINISHED", "FAILED"))]
    path = f"/dependency/{DEPENDENCY}/state"
    check(config, path, lambda txn: txn.dependency.state(DEPENDENCY), *states)
    assert Dependency(key=DEPENDENCY, expiry_time=-1).expiry_time == -1
