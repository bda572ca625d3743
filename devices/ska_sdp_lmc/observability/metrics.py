"""What a device counts while it works: a few dictionary operations each time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from ska_sdp_lmc.observability.families import COMMAND_DURATION, EVENTS_PUSHED

__all__ = ["REGISTRY", "CommandTimer", "EventCount", "Outcome", "create_command_series"]

Outcome = Literal["accepted", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("accepted", "refused", "failed")

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Upper bounds, s: a command takes some 3 ms, and at most 2 s by default (spec 4.3)."""

REGISTRY = CollectorRegistry()
"""What this process counts."""

# The time of the process's start says as much.
disable_created_metrics()  # type: ignore[no-untyped-call]

_DURATIONS = Histogram(
    COMMAND_DURATION.name,
    COMMAND_DURATION.meaning,
    COMMAND_DURATION.labels,
    buckets=BUCKETS,
    registry=REGISTRY,
)
_EVENTS = Counter(
    EVENTS_PUSHED.name, EVENTS_PUSHED.meaning, EVENTS_PUSHED.labels, registry=REGISTRY
)


def create_command_series(device: str, commands: Iterable[str]) -> None:
    """Create the series of commands with the value 0.

    A series that begins with the first failure has no increase, so no alarm would fire for it.

    Args:
        device: name of the device.
        commands: names of its commands.
    """
    for command in commands:
        for outcome in OUTCOMES:
            _DURATIONS.labels(device, command, outcome)


class CommandTimer:
    """Times one command, as a context.

    Args:
        device: name of the device.
        command: name of the command.

    Attributes:
        outcome: how it ended; who knows better than ``failed`` sets it.
    """

    def __init__(self, device: str, command: str) -> None:
        self.outcome: Outcome = "failed"
        self._device = device
        self._command = command

    def __enter__(self) -> CommandTimer:
        self._began = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        took = time.perf_counter() - self._began
        _DURATIONS.labels(self._device, self._command, self.outcome).observe(took)


class EventCount:
    """Counts the events of one device.

    Args:
        device: name of the device.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._counters: dict[str, Counter] = {}

    def count(self, attribute: str) -> None:
        """Count an event of an attribute."""
        counter = self._counters.get(attribute)
        if counter is None:
            counter = self._counters[attribute] = _EVENTS.labels(self._device, attribute)
        counter.inc()
