"""Operations of histories that tests write themselves."""

from __future__ import annotations

from typing import Any

from tests.faults.history import NEVER, Operation, Outcome, Time

__all__ = ["operation"]


def operation(
    client: str, kind: str, began: float, ended: float, outcome: Outcome = "ok", **details: Any
) -> Operation:
    """Return an operation; one whose outcome is unknown never ends.

    Args:
        client: name of its client.
        kind: kind of operation.
        began: time of its start on both clocks, in seconds.
        ended: time of its end.
        outcome: its outcome.
        details: its details.
    """
    end = NEVER if outcome == "unknown" else Time(ended, ended)
    return Operation(client, 0, kind, Time(began, began), end, outcome, details=details)
