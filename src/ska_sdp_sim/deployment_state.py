"""State of a deployment: the number of its pods, and the status of each."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, islice
from typing import Any

__all__ = ["is_running", "next_state"]

_UNFINISHED = ("PENDING", "UNSET")
"""Statuses of pods that do not run yet."""

_MAX_PODS = 1000
"""Largest number of pods to write: a number edited by hand must not exhaust the memory."""


def next_state(deployment_id: str, state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the state that follows, None after the last.

    A deployment has one pod if its state has no other number. Missing pods are added as PENDING,
    then they are RUNNING. Another deployer may have left the state unfinished.

    Args:
        deployment_id: ID of the deployment.
        state: its present state, None if it has none.
    """
    state = state or {}
    if "pods" not in state and "status" in state:
        return None  # version 0.1
    pods = dict(_pods(state))
    missing = _expected(state) - len(pods)
    if missing > 0:
        names = (f"{deployment_id}-{number}" for number in count())
        new = islice((name for name in names if name not in pods), missing)
        return {
            **state,
            "num_pod": _expected(state),
            "pods": {**pods, **dict.fromkeys(new, "PENDING")},
        }
    if not any(status in _UNFINISHED for status in pods.values()):
        return None
    started = {pod: "RUNNING" if status in _UNFINISHED else status for pod, status in pods.items()}
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
    return min(max(1, number), _MAX_PODS) if isinstance(number, int) else 1
