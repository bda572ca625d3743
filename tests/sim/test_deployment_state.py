"""States of deployments as the simulated helm deployer writes them and as scripts read them."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_sim.deployment_state import is_running, next_state


def test_pod_is_pending_then_running() -> None:
    states = []
    state: dict[str, Any] | None = None
    while (state := next_state("proc-a", state)) is not None:
        states.append(state)
    assert states == [
        {"num_pod": 1, "pods": {"proc-a-0": "PENDING"}},
        {"num_pod": 1, "pods": {"proc-a-0": "RUNNING"}},
    ]
    assert list(map(is_running, states)) == [False, True]


@pytest.mark.parametrize("status", ["RUNNING", "FINISHED", "CANCELLED", "FAILED", "else", None])
def test_state_of_a_pod_that_is_not_pending_is_kept(status: str | None) -> None:
    assert next_state("proc-a", {"num_pod": 1, "pods": {"x": status}}) is None


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ({}, ["proc-a-0"]),
        ({"num_pod": 1, "pods": {}}, ["proc-a-0"]),
        ({"num_pod": 0, "pods": {}}, ["proc-a-0"]),
        ({"pods": None}, ["proc-a-0"]),
        ({"num_pod": 1, "pods": {"x": "UNSET"}}, ["x"]),
        ({"num_pod": 2, "pods": {"proc-a-0": "RUNNING"}}, ["proc-a-0", "proc-a-1"]),
        ({"num_pod": 2, "pods": {"x": "PENDING"}}, ["x", "proc-a-0"]),
    ],
)
def test_state_that_another_deployer_has_left_unfinished_is_completed(
    state: dict[str, Any], names: list[str]
) -> None:
    last = state
    while (following := next_state("proc-a", last)) is not None:
        last = following
    assert last == {"num_pod": len(names), "pods": dict.fromkeys(names, "RUNNING")}
    assert is_running(last)


def test_pods_are_limited() -> None:
    following = next_state("proc-a", {"num_pod": 10**12})
    assert following is not None
    assert len(following["pods"]) == 1000


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, False),
        ({"num_pod": 2, "pods": {"a": "RUNNING"}}, False),
        ({"num_pod": 2, "pods": {"a": "RUNNING", "b": "RUNNING"}}, True),
        ({"num_pod": 2, "pods": {"a": "RUNNING", "b": "FAILED"}}, False),
        ({"num_pod": 0, "pods": {}}, False),
        ({"num_pod": "1", "pods": {"a": "RUNNING"}}, True),
        ({"pods": None}, False),
        ({"pods": ["RUNNING"]}, False),
        # Version 0.1
        ({"status": "RUNNING", "last_updated": "2026-01-31 12:00:00"}, True),
        ({"status": "PENDING"}, False),
    ],
)
def test_deployment_runs_if_all_its_pods_run(state: dict[str, Any], expected: bool) -> None:
    assert is_running(state) is expected
