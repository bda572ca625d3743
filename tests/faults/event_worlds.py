"""Publisher of the events of a world's subarray, and their check."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ska_sdp_config.lmc.health import health
from ska_sdp_config.lmc.observe import observe, read_snapshot
from tests.faults.checkers.events import Period, Standing, Subscription, check_events
from tests.faults.checkers.implied import implied_values
from tests.faults.checkers.revision_times import RevisionTimes
from tests.faults.history import Operation
from tests.faults.worlds import SUBARRAY, World

__all__ = ["LIMIT_S", "Device", "check", "idle", "violations"]

LIMIT_S = 5.0


class Device:
    """Publisher of a world's subarray with one subscriber."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0
        self._shown: dict[str, Any] = {}

    def publish(self) -> None:
        """Publish the present revision, the transient obsState of a command first."""
        state = self._world.state
        snapshot = read_snapshot(
            SUBARRAY, self._world.revision, lambda paths: {path: state.get(path) for path in paths}
        )
        view = observe(snapshot)
        if view.command_count > self._count and view.transient is not None:
            self.push("obsState", view.transient.name)
        self._count = view.command_count
        for name, value in (
            ("scanID", view.scan_id),
            ("healthState", health(view.faults, None).name),
            ("obsState", view.obs_state.name),
        ):
            if self._shown.get(name) != value:
                self.push(name, value)

    def push(self, attribute: str, value: Any, error: str | None = None) -> Operation:
        """Publish a value, or an error of the subscription."""
        self._shown[attribute] = value
        return self._world.add(
            "subscriber",
            "event",
            # After the commit.
            slack=-0.6,
            subarray=SUBARRAY,
            attribute=attribute,
            value=value,
            error=error,
        )


def violations(world: World, excused: tuple[Period, ...] = ()) -> list[str]:
    """Return what the checker of events finds."""
    return check(world, excused)[0]


def check(
    world: World,
    excused: tuple[Period, ...] = (),
    restarts: tuple[Period, ...] = (),
    unreachable: tuple[Period, ...] = (),
) -> tuple[list[str], Counter[Subscription]]:
    """Return what the checker of events finds, and the number of stable values."""
    return check_events(
        world.operations,
        implied_values(world.changes, SUBARRAY),
        SUBARRAY,
        RevisionTimes(world.operations, world.changes),
        Standing(LIMIT_S, world.time, excused, restarts, unreachable),
    )


def idle(world: World, seconds: int) -> None:
    """Let the time pass; transactions of others bound the times of the revisions."""
    for _ in range(seconds):
        world.increment("other")
