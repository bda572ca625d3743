"""Counters and histograms that devices update."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from ska_sdp_lmc.observability.families import COMMAND_DURATION, EVENTS_PUSHED

__all__ = ["REGISTRY", "CommandTimer", "EventCount", "Outcome", "create_command_series"]

Outcome = Literal["accepted", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("accepted", "refused", "failed")

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Upper bounds in seconds: a command takes about 3 ms, and times out after 2 s by default."""

REGISTRY = CollectorRegistry()
"""Metrics of this process."""

# The start time of the process gives the same information.
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
    """Create the series of commands with value 0.

    A series that starts with the first failure shows no increase, so no alarm would fire.
    """
    for command in commands:
        for outcome in OUTCOMES:
            _DURATIONS.labels(device, command, outcome)


class CommandTimer:
    """Context manager that measures the duration of a command.

    Attributes:
        outcome: outcome of the command, initially ``failed``.
    """

    def __init__(self, device: str, command: str) -> None:
        self.outcome: Outcome = "failed"
        self._device = device
        self._command = command

    def __enter__(self) -> CommandTimer:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        took = time.perf_counter() - self._began
        _DURATIONS.labels(self._device, self._command, self.outcome).observe(took)


class EventCount:
    """Counter of the events of one device."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._counters: dict[str, Counter] = {}

    def count(self, attribute: str) -> None:
        """Count an event of an attribute."""
        counter = self._counters.get(attribute)
        if counter is None:
            counter = self._counters[attribute] = _EVENTS.labels(self._device, attribute)
        counter.inc()
