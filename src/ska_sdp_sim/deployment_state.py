"""State of a deployment: the number of its pods, and the status of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["is_running", "next_state"]


def next_state(deployment_id: str, state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the state that follows, None after the last.

    A deployment has one pod. It is PENDING, then RUNNING.

    Args:
        deployment_id: ID of the deployment.
        state: its present state, None if it has none.
    """
    if state is None:
        return {"num_pod": 1, "pods": {f"{deployment_id}-0": "PENDING"}}
    pods = _pods(state)
    if "PENDING" not in pods.values():
        return None
    started = {pod: "RUNNING" if status == "PENDING" else status for pod, status in pods.items()}
    return {**state, "pods": started}


def is_running(state: Mapping[str, Any]) -> bool:
    """Return whether all pods of a deployment run.

    Version 0.1 stored one ``status`` for the whole deployment.
    """
    if "pods" not in state:
        return state.get("status") == "RUNNING"
    statuses = list(_pods(state).values())
    return len(statuses) >= _expected(state) and all(each == "RUNNING" for each in statuses)


def _pods(state: Mapping[str, Any]) -> Mapping[str, Any]:
    pods = state.get("pods")
    return pods if isinstance(pods, Mapping) else {}


def _expected(state: Mapping[str, Any]) -> int:
    """Return the number of pods of a deployment: at least one."""
    number = state.get("num_pod")
    return max(1, number) if isinstance(number, int) else 1
