"""Steps of a script without a database: order, waits, receive addresses."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.block import DONE, Owner
from ska_sdp_sim.script import Done, Settings, phase
from tests.sim.run import EXECUTION_BLOCK, Run, batch, block, observe


def test_receive_script_takes_all_steps_in_order() -> None:
    run = Run(block(parameters={"time-to-resource": 5, "time-to-ready": 3.5}))
    assert run.go(4.9) == ["taken", "STARTING", "WAITING"]
    assert run.state == {"status": "WAITING", "resources_available": False}
    assert run.go(0.2) == [
        "resources available",
        "RUNNING",
        "receive addresses",
        "address link",
        "deployment",
    ]
    name = "proc-pb-test-20260131-00000-vis-receive"
    assert run.state == {
        "status": "RUNNING",
        "resources_available": True,
        "deployments_ready": False,
        "deployments": {name: "PENDING"},
        "receive_addresses": {
            "science": {
                "vis0": {
                    "function": "visibilities",
                    "host": [[0, f"{name}-0.receive.sdp"]],
                    "port": [[0, 9000, 1]],
                }
            }
        },
    }
    assert run.go(3.3) == []
    assert run.go(0.2) == ["deployments ready", "READY"]
    assert run.state["status"] == "READY"
    assert run.state["resources_available"] is run.state["deployments_ready"] is True
    assert run.state["deployments"] == {name: "RUNNING"}
    run.block = observe(run.block, current_scan_type="science", scan_id=1)
    assert run.go(3600) == []
    run.block = observe(run.block, status="FINISHED", current_scan_type=None, scan_id=None)
    assert run.go() == ["FINISHED"]
    assert not run.block.deployment
    assert run.block.owner is Owner.NOBODY
    assert run.step() == Done()


def test_resources_are_available_before_running() -> None:
    run = Run(block())
    seen = []
    while not isinstance(run.step(), Done) and run.state.get("status") != "RUNNING":
        seen.append((run.state.get("status"), run.state.get("resources_available")))
        run.now += timedelta(seconds=0.1)
    order = list(dict.fromkeys(seen))
    assert order == [(None, None), ("STARTING", False), ("WAITING", False), ("WAITING", True)]
    # One write: without deployments_ready, a device would treat the deployments as ready.
    assert run.state["deployments_ready"] is False


def test_other_scripts_publish_no_addresses() -> None:
    run = Run(block(name="pointing-offset"))
    assert run.go()[-2:] == ["deployment", "deployments ready"]
    assert (run.state["status"], run.state["deployments_ready"]) == ("RUNNING", True)
    settings = Settings(receive_scripts=re.compile("pointing"))
    assert "receive addresses" in Run(block(name="pointing-offset"), settings).go()


def test_new_scan_types_are_added_to_the_addresses() -> None:
    run = Run(block())
    run.go()
    first = run.state["receive_addresses"]["science"]
    scan_types = [
        *EXECUTION_BLOCK["scan_types"],
        {"scan_type_id": ".template", "beams": {"vis0": {"channels_id": "all"}}},
        {"scan_type_id": "new", "derive_from": ".template"},
    ]
    run.block = observe(
        run.block, scan_types=scan_types, current_scan_type="new", resources={"receive_nodes": 4}
    )
    assert run.go() == ["receive addresses"]
    addresses = run.state["receive_addresses"]
    assert list(addresses) == ["science", "new"]
    assert addresses["science"] == first
    assert len(addresses["new"]["vis0"]["host"]) == 4
    # The devices treat a loss of readiness as a fault; a new scan type must not cause it.
    assert run.state["deployments_ready"] is True


@pytest.mark.parametrize(
    ("link", "receiver_is_done", "replaced"),
    [
        (None, False, True),
        ("pb-other", False, False),
        ("pb-other", True, True),
        ("pb-test-20260131-00000", False, False),
    ],
)
def test_address_link_of_a_receiving_block_is_kept(
    link: str | None, receiver_is_done: bool, replaced: bool
) -> None:
    start = observe(block(receiver_is_done=receiver_is_done), pb_receive_addresses=link)
    names = Run(start).go()
    assert "receive addresses" in names
    assert ("address link" in names) is replaced


def test_address_list_is_replaced_by_a_map() -> None:
    state = {
        "status": "RUNNING",
        "resources_available": True,
        "receive_addresses": [{"scan_type_id": "science"}],
    }
    run = Run(block(state=state, owner=Owner.THIS))
    assert run.go()[0] == "receive addresses"
    assert list(run.state["receive_addresses"]) == ["science"]


def test_batch_block_waits_for_observation_and_dependencies() -> None:
    parameters = {"time-to-resource": 1, "time-to-ready": 1, "duration": 10}
    run = Run(batch(parameters=parameters, dependencies={"pb-a": "RUNNING", "pb-b": ""}))
    assert run.go(3600) == ["taken", "STARTING", "WAITING"]
    run.block = observe(run.block, status="FINISHED")
    assert run.go(3600) == []
    run.block = replace(run.block, dependencies={"pb-a": "FINISHED", "pb-b": "FINISHED"})
    run.since = run.now
    assert run.go(11.9) == ["resources available", "RUNNING", "deployment", "deployments ready"]
    assert run.go(0.2) == ["FINISHED"]


def test_resource_time_starts_when_a_block_is_unblocked() -> None:
    blocked = batch(state={"status": "WAITING", "resources_available": False})
    assert phase(blocked) == "blocked"
    assert phase(observe(blocked, status="FINISHED")) == "resourcing"


@pytest.mark.parametrize("kind", ["realtime", "batch"])
def test_block_without_execution_block_ends_after_its_duration(kind: str) -> None:
    run = Run(block(kind, eb_id=None, execution_block=None, parameters={"duration": 30}))
    names = run.go(30)
    assert names[-1] == "deployments ready"
    assert "receive addresses" not in names
    assert run.go(1) == ["FINISHED"]


def test_invalid_default_is_rejected() -> None:
    with pytest.raises(ValueError, match="duration"):
        Settings(parameters={"duration": "long"})
    run = Run(block(), Settings(parameters={"time-to-resource": 100}))
    assert run.go(99)[-1] == "WAITING"
    given = Run(block(parameters={"time-to-resource": 1}), run.settings)
    assert given.go(99)[-1] == "READY"


ORDER = ["None", "STARTING", "blocked", "resourcing", "resourced", "deploying", "ready"]
events = st.sampled_from(
    [
        {"current_scan_type": "science"},
        {"scan_id": 7},
        {"scan_id": None},
        {"scan_types": [{"scan_type_id": "other", "beams": {"vis0": {"channels_id": "all"}}}]},
        {"status": "READY"},
        {"status": "FINISHED"},
        {"status": "CANCELLED"},
    ]
)


@given(
    kind=st.sampled_from(["realtime", "batch"]),
    fault=st.sampled_from([None, "starting", "ready", "configuring", "scanning"]),
    happens=st.lists(st.tuples(st.integers(0, 4), events), max_size=12),
)
def test_phases_never_go_back(
    kind: str, fault: str | None, happens: list[tuple[int, dict[str, Any]]]
) -> None:
    parameters = {"fail-at": fault} if fault else {}
    run = Run(block(kind, parameters=parameters))
    last = 0
    for steps, event in happens:
        for _ in range(steps):
            ended = run.block.status in DONE
            execution_status = run.block.execution_status
            step = run.step()
            run.now += timedelta(seconds=0.15)
            if ended:
                assert step == Done()
                continue
            if execution_status == "CANCELLED":
                assert run.block.status in ("CANCELLING", "CANCELLED")
            elif execution_status == "FINISHED" and kind == "realtime":
                assert run.block.status == "FINISHED"
            if run.block.status in DONE:
                assert not run.block.deployment
                assert not run.block.script_deployment
                assert run.block.owner is not Owner.THIS
                continue
            if run.block.status == "CANCELLING":
                assert run.block.execution_status == "CANCELLED"
                continue
            place = ORDER.index(phase(run.block))
            assert place >= last
            last = place
            if kind == "batch" and place > ORDER.index("blocked"):
                assert run.block.execution_status == "FINISHED"
        if run.block.execution_status == "ACTIVE":
            run.block = observe(run.block, **event)
