"""End of a script: failures, cancellation, invalid input, and change of owner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ska_sdp_sim.block import Block, Owner
from ska_sdp_sim.script import Done, Wait
from tests.sim.run import Run, batch, block, observe, reached


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_batch_block_ends_with_a_failed_dependency(status: str) -> None:
    run = Run(observe(batch(dependencies={"pb-a": status, "pb-b": ""}), status="FINISHED"))
    names = run.go()
    assert names[-1] == run.state["status"] == status
    assert ("CANCELLING" in names) is (status == "CANCELLED")
    assert f"pb-a, which it depends on, is {status}" in run.state["reason"]


def test_dependency_cycle_fails_the_block() -> None:
    waiting = batch(dependencies={"pb-a": "WAITING"}, cycle=("pb-x", "pb-a", "pb-x"))
    run = Run(observe(waiting, status="FINISHED"))
    assert run.go()[-1] == "FAILED"
    assert run.state["reason"] == "Processing blocks depend on each other: pb-x → pb-a → pb-x"


def fail_at(point: str, **more: Any) -> Run:
    return Run(block(parameters={"fail-at": point, "time-to-ready": 3, **more}))


@pytest.mark.parametrize(
    ("point", "changes", "before"),
    [
        ("starting", {}, "STARTING"),
        ("ready", {}, "deployment"),
        ("configuring", {"current_scan_type": "science"}, "READY"),
        ("scanning", {"current_scan_type": "science", "scan_id": 0}, "READY"),
    ],
)
def test_script_fails_at_the_requested_point(
    point: str, changes: dict[str, Any], before: str
) -> None:
    run = fail_at(point)
    names = run.go()
    if changes:
        assert names[-1] == before
        run.block = observe(run.block, **changes)
        names += run.go()
    assert names[-2:] == [before, "FAILED"]
    assert run.state["reason"] == f"Failed at {point}, as requested by parameter fail-at"
    assert not run.block.deployment
    assert run.step() == Done()


def test_script_fails_at_configuring_before_deployments_are_ready() -> None:
    run = fail_at("configuring", exception="ValueError: no such antenna")
    run.go(1)
    run.block = observe(run.block, current_scan_type="science")
    assert run.go(0) == ["FAILED"]
    assert run.state["reason"] == "ValueError: no such antenna"


ENDLESS = [{"channels_id": "all", "spectral_windows": [{"start": 0, "count": 10**12}]}]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (replace(block(), script_image=None), "realtime:vis-receive:1.0.0 is not defined"),
        (block(parameters={"time-to-ready": "soon"}), "time-to-ready"),
        (block(parameters={"time-to-ready": -1}), "time-to-ready"),
        (block(parameters={"time-to-resource": True}), "time-to-resource"),
        (block(parameters={"fail-at": "lunch"}), "fail-at"),
        (block(parameters={"channels_per_port": 0}), "channels_per_port"),
        (observe(block(), channels="none"), "channels"),
        (observe(block(), channels=ENDLESS), "channels_per_port"),
        (observe(block(), scan_types=5), "scan_types"),
        (observe(block(), scan_types={"science": {}}), "scan_types"),
    ],
)
def test_invalid_input_fails_with_a_reason(start: Block, reason: str) -> None:
    run = Run(start)
    assert run.go()[-1] == "FAILED"
    assert reason in run.state["reason"]


@pytest.mark.parametrize("state", [None, {}])
def test_undefined_script_is_not_taken(state: Any) -> None:
    assert Run(replace(block(), script_image=None, state=state)).go() == ["FAILED"]


@pytest.mark.parametrize("start", [block(), batch()], ids=["realtime", "batch"])
def test_cancellation_ends_every_phase(start: Block) -> None:
    for point in reached(observe(start, status="FINISHED") if start.kind == "batch" else start):
        run = Run(observe(point, status="CANCELLED"))
        removal = ["deployment removed"] if point.deployment else []
        expected = ["CANCELLING", *removal, "CANCELLED"] if point.state else ["CANCELLED"]
        assert run.go() == expected
        assert not run.block.deployment
        assert not run.block.script_deployment
        assert not run.state.get("deployments")
        assert not run.state.get("deployments_ready")


def test_cancelling_block_keeps_its_deployment_until_the_next_step() -> None:
    run = Run(block())
    run.go()
    run.block = observe(run.block, status="CANCELLED")
    run.step()
    assert run.state["status"] == "CANCELLING"
    assert run.block.deployment
    assert run.block.script_deployment
    # Another program may cancel a single block, and its execution block is finished meanwhile.
    for status in ("ACTIVE", "FINISHED"):
        again = Run(observe(run.block, status=status))
        assert again.go() == ["deployment removed", "CANCELLED"]


def test_finished_execution_block_ends_every_phase() -> None:
    for point in reached(block()):
        assert Run(observe(point, status="FINISHED")).go() == ["FINISHED"]


def test_new_owner_continues_from_every_phase() -> None:
    for point in reached(block()):
        run = Run(replace(point, owner=Owner.NOBODY))
        names = run.go()
        assert names[0] == "taken"
        assert run.state["deployments_ready"] is True
        assert run.state["receive_addresses"]
        other = Run(replace(point, owner=Owner.OTHER))
        assert other.step() == Wait()


def test_missing_execution_block_cancels_the_block() -> None:
    assert Run(block(execution_block=None)).step() == Wait()
    for point in list(reached(block()))[2:]:
        run = Run(replace(point, execution_block=None))
        assert run.go()[-1] == run.state["status"] == "CANCELLED"
        assert "eb-test-20260131-00000 does not exist" in run.state["reason"]


def test_deployments_ready_follows_the_deployment() -> None:
    run = Run(block())
    run.go()
    run.block = replace(run.block, deployment_running=False)
    assert run.go() == ["deployment lost"]
    assert (run.state["status"], run.state["deployments_ready"]) == ("RUNNING", False)
    run.block = replace(run.block, deployment_running=True)
    assert run.go() == ["deployments ready", "READY"]


def test_block_ended_by_another_program_is_released() -> None:
    run = Run(block())
    run.go()
    run.block = replace(run.block, state={"status": "CANCELLED"})
    assert run.go() == ["cleanup"]
    assert run.state == {"status": "CANCELLED"}
    assert run.step() == Done()


@pytest.mark.parametrize("deployments", [None, {}, {"proc-other": "RUNNING"}])
@pytest.mark.parametrize("deployed", [False, True])
def test_cancelled_block_has_no_ready_deployments(deployments: object, deployed: bool) -> None:
    state = {"status": "READY", "deployments_ready": True, "deployments": deployments}
    run = Run(block(state=state, owner=Owner.THIS, deployment=deployed))
    run.block = observe(run.block, status="CANCELLED")
    assert run.go()[-1] == "CANCELLED"
    assert run.state["deployments_ready"] is False


@pytest.mark.parametrize(("point", "status"), [("FINISHED", "FINISHED"), (None, "FAILED")])
def test_ended_block_without_its_deployment_is_not_ready(point: str | None, status: str) -> None:
    run = fail_at("scanning")
    run.go()
    assert run.state["deployments_ready"] is True
    run.block = observe(run.block, status=point, scan_id=1)
    assert run.go()[-1] == status
    assert run.state["deployments_ready"] is False
