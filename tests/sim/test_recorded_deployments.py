"""Deployments that another program recorded in the state of a processing block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ska_sdp_sim.block import Owner
from ska_sdp_sim.script import Wait
from tests.sim.run import Run, block, observe

OWN = "proc-pb-test-20260131-00000-vis-receive"
SCRIPT, CHART = "proc-script", "proc-chart"


def ready(deployments: object, **fields: Any) -> Run:
    """Run a READY block of today's SDP, whose addresses are published and linked."""
    state = {
        "status": "READY",
        "resources_available": True,
        "deployments_ready": True,
        "deployments": deployments,
        "receive_addresses": {"science": {}},
    }
    start = block(state=state, owner=Owner.THIS, **fields)
    return Run(observe(start, pb_receive_addresses=start.pb_id))


@pytest.mark.parametrize("deployments", [None, {}], ids=["null", "empty"])
def test_ready_block_without_recorded_deployments_is_left_as_it_is(deployments: object) -> None:
    run = ready(deployments)
    assert run.step() == Wait()


def test_ready_block_with_all_recorded_deployments_running_is_left_as_it_is() -> None:
    running = {SCRIPT: "RUNNING", CHART: "RUNNING"}
    assert ready(running, recorded=running).step() == Wait()


def test_lost_deployment_of_another_program_is_not_recorded_any_more() -> None:
    run = ready({SCRIPT: "RUNNING", CHART: "RUNNING"}, recorded={SCRIPT: "RUNNING"})
    assert run.go() == ["deployment lost", "deployment", "deployments ready", "READY"]
    assert run.state["deployments"] == {SCRIPT: "RUNNING", OWN: "RUNNING"}


def test_ready_block_records_the_present_status_of_each_deployment() -> None:
    run = ready({SCRIPT: "PENDING", CHART: "RUNNING"}, recorded={SCRIPT: "RUNNING"})
    run.step()
    assert run.state["deployments"] == {SCRIPT: "RUNNING", OWN: "PENDING"}
    run.block = replace(run.block, recorded={SCRIPT: "PENDING", OWN: "PENDING"})
    assert run.go()[-1] == "READY"
    assert run.state["deployments"] == {SCRIPT: "PENDING", OWN: "RUNNING"}
