"""Deployment that runs a script, beside the one that the script creates."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from ska_sdp_config import Config, ProcessingBlock
from ska_sdp_sim import Simulator
from tests.sim.observation import (
    EB,
    RECEIVE,
    assign,
    block,
    change,
    history,
    keys,
    read,
    revision,
    state,
    until,
)
from tests.sim.run import Run
from tests.sim.run import block as block_of_run
from tests.support.waiting import wait_until

ICAL = "pb-test-20260131-00001"
SCRIPT, CHART = f"proc-{RECEIVE}-script", f"proc-{RECEIVE}-vis-receive"


def deployments(config: Config) -> list[str]:
    return [path for path in keys(config) if path.startswith("/deploy/")]


def wait_until_running(config: Config, *names: str) -> None:
    """Wait until the helm deployer has written that the one pod of each deployment runs."""
    for name in names:
        running = {"num_pod": 1, "pods": {f"{name}-0": "RUNNING"}}
        wait_until(partial(_has_state, config, name, running), 30, f"{name} runs")


def _has_state(config: Config, name: str, expected: dict[str, Any]) -> bool:
    return bool(read(config, lambda txn: txn.get_deployment_state(name)) == expected)


def test_script_is_deployed_with_the_first_state() -> None:
    run = Run(block_of_run())
    run.step()
    step = run.step()
    assert getattr(step, "state", {})["status"] == "STARTING"
    assert list(getattr(step, "deploy", {})) == [SCRIPT]
    assert run.block.script_deployment
    assert not run.block.deployment


def test_both_deployments_of_a_receive_script_run(config: Config, simulator: Simulator) -> None:
    assign(config, block())
    until(config, status="READY")
    wait_until_running(config, SCRIPT, CHART)
    stored = read(config, lambda txn: {key: txn.get_deployment(key) for key in (SCRIPT, CHART)})
    assert {key: each.args["chart"] for key, each in stored.items()} == {
        SCRIPT: "script",
        CHART: "vis-receive",
    }
    assert stored[SCRIPT].args["values"]["image"] == "registry/vis-receive:1.0.0"
    # The display of the deployed SDP shows the deployments that the script has created.
    assert state(config)["deployments"] == {CHART: "RUNNING"}


@pytest.mark.parametrize("status", ["FINISHED", "CANCELLED"])
def test_deployments_are_removed_when_the_execution_block_ends(
    config: Config, simulator: Simulator, status: str
) -> None:
    assign(config, block())
    until(config, status="READY")
    since = revision(config)
    change(config, EB, status=status)
    until(config, status=status)
    assert deployments(config) == []
    removed = {
        path: number
        for number, path, value in history(config, since, f"/deploy/{SCRIPT}", f"/deploy/{CHART}")
        if value is None
    }
    ended = next(
        number
        for number, _, value in history(config, since, f"/pb/{RECEIVE}/state")
        if value["status"] == status
    )
    # A cancelled script still runs while it removes what it has created.
    assert removed[f"/deploy/{SCRIPT}"] == ended
    assert (removed[f"/deploy/{CHART}"] < ended) is (status == "CANCELLED")


@pytest.mark.parametrize("script", ["batch:ical:1.0.0", "batch:script:1.0.0"])
def test_batch_script_leaves_no_deployment(
    config: Config, simulator: Simulator, script: str
) -> None:
    """Both deployments of a script that is named ``script`` have the same ID."""
    for txn in config.txn():
        txn.create_script("batch", "script", "1.0.0", {"image": "i"})
    since = revision(config)
    assign(config, block(ICAL, script), status="FINISHED")
    until(config, ICAL, status="FINISHED")
    assert deployments(config) == []
    written = history(config, since, f"/deploy/proc-{ICAL}-script")
    assert written[0][2]["args"]["chart"] == "script"


def test_deployment_of_a_script_that_has_ended_is_removed_after_a_restart(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    ended: ProcessingBlock = block(ICAL, "batch:ical:1.0.0", eb_id=None)
    name = f"proc-{ICAL}-script"
    for txn in config.txn():
        txn.create_processing_block(ended)
        txn.create_processing_block_state(ICAL, {"status": "FINISHED"})
        txn.create_deployment({"key": name, "kind": "helm", "args": {"chart": "script"}})
    with Simulator(**sdp_config_arguments):
        wait_until(lambda: deployments(config) == [])


def test_deployments_of_a_block_deleted_meanwhile_are_removed_after_a_restart(
    config: Config, sdp_config_arguments: dict[str, Any]
) -> None:
    with Simulator(**sdp_config_arguments):
        assign(config, block())
        until(config, status="READY")
    assert deployments(config)
    for txn in config.txn():
        txn.delete_processing_block(RECEIVE)
    with Simulator(**sdp_config_arguments):
        wait_until(lambda: deployments(config) == [])
