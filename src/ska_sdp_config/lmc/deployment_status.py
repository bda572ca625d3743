"""Status of a deployment, from the status of each of its pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ska_sdp_config.lmc.states import Json

__all__ = ["deployment_status"]

_WORST_FIRST = ("FAILED", "CANCELLED", "PENDING", "UNSET", "RUNNING", "FINISHED")
"""Statuses of pods. An unknown one comes between UNSET and RUNNING."""


def deployment_status(state: Json | None) -> tuple[str, str]:
    """Return the status of a deployment, and the reason if it does not run; empty if it does.

    The status is that of the pod that is worst; PENDING if pods are missing.

    Args:
        state: its state, None if it has none. Version 0.1 stored one ``status`` for the whole
            deployment.
    """
    if state is None:
        return "PENDING", "it has no state yet"
    pods = state.get("pods")
    if not isinstance(pods, Mapping):
        status = state.get("status")
        given = state.get("reason")
        reason = given if isinstance(given, str) else ""
        return (status, reason) if isinstance(status, str) and status else ("PENDING", reason)
    statuses = {str(name): str(status) for name, status in pods.items()}
    number = state.get("num_pod")
    expected = number if isinstance(number, int) else 1
    if len(statuses) < expected:
        return "PENDING", f"{len(statuses)} of {expected} pods exist"
    if not statuses:
        return "PENDING", "it has no pods"
    worst = min(statuses.values(), key=_severity)
    if worst in ("RUNNING", "FINISHED"):
        return worst, ""
    names = [name for name, status in statuses.items() if status == worst]
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    counts = ", ".join(f"{count} {status}" for status, count in Counter(statuses.values()).items())
    return worst, f"pod {names[0]}{others}: {counts}" if len(statuses) > 1 else f"pod {names[0]}"


def _severity(status: str) -> float:
    if status in _WORST_FIRST:
        return _WORST_FIRST.index(status)
    return _WORST_FIRST.index("RUNNING") - 0.5
