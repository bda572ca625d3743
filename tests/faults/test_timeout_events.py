"""Events of timeouts, which devices show before they have written them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tests.faults.event_worlds import Device, idle, violations
from tests.faults.worlds import WALL, World

EB, PB = "/eb/eb-a", "/pb/pb-a"


@pytest.mark.parametrize(("seconds", "is_implied"), [(2, False), (4, True)])
def test_fault_of_a_timeout_is_implied_after_its_deadline(seconds: int, is_implied: bool) -> None:
    """The device shows a timeout before it has written it."""
    world = World()
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
    commanded = datetime.fromtimestamp(WALL + world.time, timezone.utc)
    world.write_entry(eb_id="eb-a", settings={"timeout_configure": 3})
    world.command("client", "Configure")
    world.write_entry(
        reached=False, last_command_time=(commanded + timedelta(seconds=1)).isoformat()
    )
    device.publish()
    shown = [each.details["value"] for each in world.operations if each.kind == "event"]
    assert "CONFIGURING" in shown
    idle(world, seconds)
    device.push("obsState", "FAULT")
    assert (violations(world) == []) is is_implied
