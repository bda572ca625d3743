"""Events of timeouts, which devices show before they have written them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.event_worlds import Device, idle, violations
from tests.faults.history import Operation
from tests.faults.operations import operation
from tests.faults.worlds import WALL, World

EB, PB = "/eb/eb-a", "/pb/pb-a"


def step(began: float, ended: float, ahead_s: float) -> Operation:
    return operation("nemesis", "fault", began, ended, fault="clock stepped", ahead_s=ahead_s)


def instant(world: World) -> str:
    """Return the present time of a world as text."""
    return datetime.fromtimestamp(WALL + world.time, timezone.utc).isoformat()


@pytest.fixture
def world() -> World:
    """A world whose obsState has just become pending, with a timeout of 3 s."""
    world = World()
    # Transactions bound the times of the revisions.
    idle(world, 3)
    device = Device(world)
    waiting = {"status": "RUNNING", "resources_available": True, "deployments_ready": False}
    world.write(
        {
            EB: json.dumps({"pb_realtime": ["pb-a"]}),
            PB: json.dumps({"script": {}}),
            f"{PB}/state": json.dumps(waiting),
        }
    )
    world.command("client", "On")
    world.write_entry(eb_id="eb-a", settings={"timeout_configure": 3})
    world.command("client", "Configure")
    world.write_entry(reached=False, last_command_time=instant(world))
    device.publish()
    shown = [each.details["value"] for each in world.operations if each.kind == "event"]
    assert "CONFIGURING" in shown
    return world


@pytest.mark.parametrize(("seconds", "is_implied"), [(2, False), (4, True)])
def test_fault_of_a_timeout_is_implied_after_its_deadline(
    world: World, seconds: int, is_implied: bool
) -> None:
    """The device shows a timeout before it has written it."""
    idle(world, seconds)
    Device(world).push("obsState", "FAULT")
    assert (violations(world) == []) is is_implied


def test_value_whose_deadline_changes_is_stable(world: World) -> None:
    """Each deadline stays for less than the limit, and healthState is the same all the time."""
    device = Device(world)
    for _ in range(4):
        idle(world, 2)
        world.write_entry(last_command_time=instant(world))
    assert violations(world) == []
    device.push("healthState", "FAILED")
    for _ in range(4):
        idle(world, 2)
        world.write_entry(last_command_time=instant(world))
    assert [each for each in violations(world) if "healthState" in each and "not shown" in each]


@pytest.mark.parametrize(
    ("ahead_s", "began_s", "ended_s", "is_implied"),
    [
        (3000.0, -1.0, 5.0, True),
        (3000.0, 0.1, 5.0, False),
        (3000.0, -5.0, 0.1 - SEEN_WITHIN_S, True),
        (3000.0, -5.0, -0.1 - SEEN_WITHIN_S, False),
        # The deadline is further ahead.
        (0.5, -1.0, 5.0, False),
        (-3000.0, -1.0, 5.0, False),
    ],
)
def test_fault_of_a_timeout_is_implied_by_a_step_ahead_in_effect_only(
    world: World, ahead_s: float, began_s: float, ended_s: float, is_implied: bool
) -> None:
    """The device compares the deadline with its own clock."""
    event = Device(world).push("obsState", "FAULT")
    assert len(violations(world)) == 1
    at = event.began.monotonic
    world.operations.append(step(at + began_s, at + ended_s, ahead_s))
    assert (violations(world) == []) is is_implied


def test_fault_of_a_step_ahead_may_be_shown_again_after_it(world: World) -> None:
    """A new subscription shows the same value, before the deadline by the right clock."""
    device = Device(world)
    first, second = (device.push("obsState", "FAULT") for _ in range(2))
    at = first.began.monotonic
    world.operations.append(step(at - 1, at - SEEN_WITHIN_S + 0.1, 3000.0))
    second.began = second.began._replace(monotonic=at + 1)
    assert violations(world) == []
    world.operations.remove(first)
    assert len(violations(world)) == 1


def test_step_ahead_implies_no_fault_without_a_pending_state() -> None:
    world = World()
    device = Device(world)
    device.publish()
    world.operations.append(step(0.0, 5.0, 3000.0))
    device.push("obsState", "FAULT")
    assert len(violations(world)) == 1


def test_step_ahead_implies_no_fault_before_the_command(world: World) -> None:
    """The next pending state has a deadline, and is not begun."""
    pending = next(each for each in world.operations if each.details.get("value") == "CONFIGURING")
    early = pending.began.monotonic - 3
    world.operations.append(step(early - 1, early + 1, 3000.0))
    event = Device(world).push("obsState", "FAULT")
    event.began = event.began._replace(monotonic=early)
    world.operations.remove(event)
    world.operations.insert(world.operations.index(pending), event)
    assert len(violations(world)) == 1
