"""Entries that the simulator writes to the database, and their order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_sim import COMPONENTS, Simulator
from ska_sdp_sim.controller import ProcessingController
from tests.sim.observation import (
    EB,
    RECEIVE,
    assign,
    block,
    change,
    create,
    history,
    keys,
    read,
    revision,
    state,
    until,
)
from tests.support.waiting import wait_until

ICAL = "pb-test-20260131-00001"
DPREB = "pb-test-20260131-00002"
SCRIPT, DEPLOYMENT = f"proc-{RECEIVE}-script", f"proc-{RECEIVE}-vis-receive"


def components(config: Config) -> list[str]:
    found: list[str] = read(config, lambda txn: txn.component.list_keys())
    return found


def test_components_are_registered_while_running(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    simulator = Simulator(**sdp_config_arguments)
    simulator.start()
    assert components(config) == ["helmdeploy", "proccontrol"]
    simulator.stop()
    simulator.stop()
    assert components(config) == []
    assert simulator.wait(0)


def test_fixture_former_name_returns_the_simulator(
    simulator: Simulator, stand_in_sdp: Simulator
) -> None:
    assert stand_in_sdp is simulator


@pytest.mark.parametrize("name", COMPONENTS)
def test_simulator_runs_a_single_component(
    config: Config, sdp_config_arguments: dict[str, Any], name: str
) -> None:
    with Simulator([name], **sdp_config_arguments):
        assert components(config) == [name]


def test_error_in_a_loop_ends_the_simulator(
    config: Config, sdp_config_arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(controller: ProcessingController, watcher: object) -> None:
        raise LookupError("a bug of the test")

    monkeypatch.setattr(ProcessingController, "reconcile", fail)
    with Simulator(**sdp_config_arguments) as simulator, pytest.raises(LookupError, match="a bug"):
        simulator.wait(60)


def test_unknown_component_is_rejected() -> None:
    with pytest.raises(ValueError, match="proccontrol or helmdeploy"):
        Simulator(["lmc"])


def test_status_flags_addresses_and_deployments_follow_the_order_of_the_real_components(
    config: Config, simulator: Simulator
) -> None:
    since = revision(config)
    assign(config, block())
    until(config, status="READY")
    paths = {
        "owner": f"/pb/{RECEIVE}/owner",
        "state": f"/pb/{RECEIVE}/state",
        "script": f"/deploy/{SCRIPT}",
        "eb": f"/eb/{EB}",
        "deployment": f"/deploy/{DEPLOYMENT}",
        "release": f"/deploy/{DEPLOYMENT}/state",
    }
    names = {path: name for name, path in paths.items()}
    written = [
        (number, names[path], value)
        for number, path, value in history(config, since, *paths.values())
    ]
    states = [value for _, name, value in written if name == "state"]
    observed = (
        "status",
        "resources_available",
        "receive_addresses",
        "deployments",
        "deployments_ready",
    )
    steps = [
        {key: new[key] for key in observed if key in new and (old or {}).get(key) != new[key]}
        for old, new in zip([None, *states], states, strict=False)
    ]
    host = [[0, f"{DEPLOYMENT}-0.receive.sdp"]]
    beam = {"function": "visibilities", "host": host, "port": [[0, 9000, 1]]}
    assert steps == [
        {"status": "STARTING", "resources_available": False},
        {"status": "WAITING"},
        {"resources_available": True},
        {"status": "RUNNING", "deployments_ready": False},
        {"receive_addresses": {"science": {"vis0": beam}}},
        {"deployments": {DEPLOYMENT: "PENDING"}},
        {"deployments": {DEPLOYMENT: "RUNNING"}, "deployments_ready": True},
        {"status": "READY"},
    ]
    assert [name for _, name, _ in written] == [
        "eb",  # by assign
        "owner",
        "state",
        "script",
        *["state"] * 4,
        "eb",
        "state",
        "deployment",
        "release",
        "release",
        "state",
        "state",
    ]
    assert [value for _, name, value in written if name == "release"] == [
        {"num_pod": 1, "pods": {f"{DEPLOYMENT}-0": status}} for status in ("PENDING", "RUNNING")
    ]
    # One transaction each, but a deployment is created with the state that goes with it.
    numbers = [number for number, name, _ in written if name not in ("script", "deployment")]
    assert len(set(numbers)) == len(numbers)
    assert [value["pb_receive_addresses"] for _, name, value in written if name == "eb"] == [
        None,
        RECEIVE,
    ]
    for _, name, value in written:
        if name in ("state", "eb"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value["last_updated"])
    documents = {name: value for _, name, value in written}
    assert documents["script"] == {
        "key": SCRIPT,
        "dpl_id": SCRIPT,
        "kind": "helm",
        "args": {
            "chart": "script",
            "values": {
                "image": "registry/vis-receive:1.0.0",
                "env": [{"name": "SDP_PB_ID", "value": RECEIVE}],
            },
        },
    }
    assert documents["deployment"] == {
        "key": DEPLOYMENT,
        "dpl_id": DEPLOYMENT,
        "kind": "helm",
        "args": {
            "chart": "vis-receive",
            "values": {
                "image": "registry/vis-receive:1.0.0",
                "script": "realtime:vis-receive:1.0.0",
            },
        },
    }


def test_execution_block_state_has_the_same_last_updated(
    config: Config, simulator: Simulator
) -> None:
    assign(config, block())
    until(config, deployments_ready=True)
    execution_block = read(config, lambda txn: txn.get_execution_block(EB))
    execution_state = read(config, lambda txn: txn.get_execution_block_state(EB))
    assert execution_block["pb_receive_addresses"] == RECEIVE
    assert execution_state == {"status": "ACTIVE", "last_updated": execution_block["last_updated"]}


def test_observation_runs_realtime_before_batch_blocks(
    config: Config, simulator: Simulator
) -> None:
    since = revision(config)
    assign(
        config,
        block(),
        block(DPREB, "batch:dpreb:1.0.0", after=(ICAL,)),
        block(ICAL, "batch:ical:1.0.0", after=(RECEIVE, "pb-missing")),
    )
    until(config, deployments_ready=True)
    change(config, current_scan_type="science", scan_id=1)
    change(config, scan_id=None)
    for name in (ICAL, DPREB):
        assert until(config, name, status="WAITING")["resources_available"] is False
    change(config, status="FINISHED", current_scan_type=None, subarray_id=None)
    until(config, DPREB, status="FINISHED")
    assert state(config)["status"] == "FINISHED"
    running = {
        (path, value["status"]): number
        for number, path, value in history(
            config, since, *(f"/pb/{name}/state" for name in (RECEIVE, ICAL, DPREB))
        )
    }
    assert (
        running[f"/pb/{RECEIVE}/state", "FINISHED"]
        < running[f"/pb/{ICAL}/state", "RUNNING"]
        < running[f"/pb/{ICAL}/state", "FINISHED"]
        < running[f"/pb/{DPREB}/state", "RUNNING"]
    )
    assert [path for path in keys(config) if "deploy" in path or "owner" in path] == []


def test_scan_type_added_by_configure_gets_addresses(config: Config, simulator: Simulator) -> None:
    assign(config, block())
    first = until(config, deployments_ready=True)["receive_addresses"]
    change(
        config,
        current_scan_type="new",
        scan_types=[
            {"scan_type_id": "science", "beams": {"vis0": {"channels_id": "all"}}},
            {"scan_type_id": "new", "derive_from": "science"},
        ],
    )
    wait_until(lambda: "new" in state(config)["receive_addresses"])
    assert state(config)["receive_addresses"] == {
        "science": first["science"],
        "new": first["science"],
    }
    assert state(config)["deployments_ready"] is True


def test_cancelled_execution_block_cancels_its_blocks(
    config: Config, simulator: Simulator
) -> None:
    slow = {"time-to-resource": 3600}
    names = [RECEIVE, "pb-slow", ICAL]
    assign(
        config,
        block(),
        block("pb-slow", "realtime:pointing-offset:1.0.0", slow),
        block(ICAL, "batch:ical:1.0.0"),
    )
    until(config, status="READY")
    for name in names[1:]:
        until(config, name, status="WAITING")
    since = revision(config)
    change(config, status="CANCELLED")
    for name in names:
        until(config, name, status="CANCELLED")
    for name in names:
        changes = history(config, since, f"/pb/{name}/state")
        statuses = [value["status"] for _, _, value in changes]
        assert list(dict.fromkeys(statuses)) == ["CANCELLING", "CANCELLED"]
    (removed,) = (
        number for number, _, value in history(config, since, f"/deploy/{DEPLOYMENT}") if not value
    )
    by_status = {
        value["status"]: number
        for number, _, value in history(config, since, f"/pb/{RECEIVE}/state")
    }
    assert since < removed < by_status["CANCELLED"]
    assert [path for path in keys(config) if "deploy" in path or "owner" in path] == []


def test_block_cancelled_before_start_is_never_started(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    assign(config, block(), block(ICAL, "batch:ical:1.0.0"), status="CANCELLED")
    since = revision(config)
    with Simulator(**sdp_config_arguments):
        for name in (RECEIVE, ICAL):
            assert set(until(config, name, status="CANCELLED")) == {"status", "last_updated"}
    changes = history(config, since, f"/pb/{RECEIVE}/state", f"/pb/{ICAL}/state")
    assert len(changes) == 2


@pytest.mark.parametrize(
    ("point", "changes"),
    [
        ("starting", {}),
        ("ready", {}),
        ("configuring", {"current_scan_type": "science"}),
        ("scanning", {"current_scan_type": "science", "scan_id": 3}),
    ],
)
def test_block_fails_at_the_requested_point(
    config: Config, simulator: Simulator, point: str, changes: dict[str, Any]
) -> None:
    assign(config, block(parameters={"fail-at": point, "exception": "OSError: disk full"}))
    if changes:
        until(config, deployments_ready=True)
        change(config, **changes)
    assert until(config, status="FAILED")["reason"] == "OSError: disk full"
    assert not any(path.startswith("/deploy/") for path in keys(config))


def test_undefined_script_fails_the_block(config: Config, simulator: Simulator) -> None:
    assign(config, block(script="realtime:vis-receive:9.9.9"))
    reason = until(config, status="FAILED")["reason"]
    assert reason.startswith("Script realtime:vis-receive:9.9.9 is not defined")


def test_minimal_execution_block_is_accepted(config: Config, simulator: Simulator) -> None:
    for txn in config.txn():
        txn.create_execution_block(EB, {"pb_realtime": ["pb-a"]})
        txn.create_processing_block(block("pb-a", "realtime:pointing-offset:1.0.0"))
    until(config, "pb-a", deployments_ready=True)
    change(config, status="FINISHED")
    until(config, "pb-a", status="FINISHED")


def test_unreadable_block_does_not_affect_others(config: Config, simulator: Simulator) -> None:
    for txn in config.txn():
        txn.create("/pb/pb-junk", "{")
        txn.create_processing_block(block("pb-list", "batch:ical:1.0.0", eb_id=None))
        txn.create("/pb/pb-list/state", "[]")
        txn.create_processing_block(block(ICAL, "batch:ical:1.0.0", eb_id=None))
    until(config, ICAL, status="FINISHED")
    for txn in config.txn():
        assert txn.get("/pb/pb-list/state") == "[]"
        txn.delete("/pb/pb-list/state")
    until(config, "pb-list", status="FINISHED")


def test_deleted_block_leaves_no_deployment(config: Config, simulator: Simulator) -> None:
    assign(config, block())
    until(config, deployments_ready=True)
    for txn in config.txn():
        txn.delete_processing_block(RECEIVE)
    wait_until(lambda: not any(path.startswith("/deploy/") for path in keys(config)))
    create(config, block())
    until(config, deployments_ready=True)


def test_batch_block_without_execution_block_runs_each_time_it_is_created(
    config: Config, simulator: Simulator
) -> None:
    for _ in range(2):
        create(config, block(ICAL, "batch:ical:1.0.0", eb_id=None))
        until(config, ICAL, status="FINISHED")
        for txn in config.txn():
            txn.delete_processing_block(ICAL)


def test_lost_deployment_is_created_again(config: Config, simulator: Simulator) -> None:
    assign(config, block())
    until(config, status="READY")
    since = revision(config)
    for txn in config.txn():
        txn.delete_deployment(DEPLOYMENT)
    path = f"/pb/{RECEIVE}/state"
    wait_until(lambda: len(history(config, since, path)) >= 4)
    states = [value for _, _, value in history(config, since, path)]
    assert [(each["status"], each["deployments_ready"]) for each in states] == [
        ("RUNNING", False),
        ("RUNNING", False),
        ("RUNNING", True),
        ("READY", True),
    ]
    assert [each["deployments"][DEPLOYMENT] for each in states] == [
        "PENDING",
        "PENDING",
        "RUNNING",
        "RUNNING",
    ]
    assert read(config, lambda txn: txn.get_deployment(DEPLOYMENT)) is not None


def test_global_prefix_isolates_simulators(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    with (
        Simulator(global_prefix="/apart", **sdp_config_arguments),
        Config(global_prefix="/apart", **sdp_config_arguments) as apart,
    ):
        for txn in apart.txn():
            txn.create_script("batch", "ical", "1.0.0", {"image": "x"})
            txn.create_processing_block(block(ICAL, "batch:ical:1.0.0", eb_id=None))
        until(apart, ICAL, status="FINISHED")
        assert components(apart) == ["helmdeploy", "proccontrol"]
        assert components(config) == []


@pytest.mark.long
def test_many_blocks_finish_and_are_released(config: Config, simulator: Simulator) -> None:
    names = [f"pb-many-20260131-{number:05}" for number in range(40)]
    for name in names:
        create(config, block(name, "batch:ical:1.0.0", eb_id=None))
    for name in names:
        until(config, name, status="FINISHED")
    assert not any(path.endswith("/owner") for path in keys(config))
