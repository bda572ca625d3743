"""Checker of the events of subscribers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.lmc.transitions import TRANSITIONS
from tests.faults.checkers.events import RECONNECT_S
from tests.faults.clients.subscriber import ATTRIBUTES
from tests.faults.clock import SEEN_WITHIN_S
from tests.faults.event_worlds import LIMIT_S, Device, check, idle, violations
from tests.faults.history import Operation
from tests.faults.operations import operation
from tests.faults.running import check_all
from tests.faults.worlds import SUBARRAY, World

EB = "/eb/eb-a"


@given(
    steps=st.lists(
        st.tuples(st.sampled_from([*TRANSITIONS, "scan", "fail", "wait"]), st.booleans()),
        max_size=25,
    )
)
def test_honest_device_has_no_violation(steps: list[tuple[str, bool]]) -> None:
    """It publishes a later revision instead, if it is too slow for one."""
    world = World()
    device = Device(world)
    device.publish()
    following = [step for step, _ in steps[1:]] + ["end"]
    for number, (step, is_published) in enumerate(steps):
        if step in TRANSITIONS:
            world.command("client", step)
        elif step == "wait":
            idle(world, int(LIMIT_S) + 2)
        else:
            world.time += 1
            blocks = ["pb-missing"] if step == "fail" else []
            world.write({EB: json.dumps({"scan_id": number, "pb_realtime": blocks})})
            world.write_entry(eb_id="eb-a")
        # A stable value is published within the limit.
        if is_published or number % 3 == 0 or following[number] == "wait":
            device.publish()
    assert violations(world) == []


@pytest.fixture
def world() -> World:
    """An observation whose states all stand longer than the limit."""
    world = World()
    device = Device(world)
    device.publish()
    for command in ("On", "AssignResources", "Configure", "Scan", "EndScan"):
        world.command("client", command)
        device.publish()
        idle(world, int(LIMIT_S) + 3)
    assert violations(world) == []
    return world


def events(world: World, value: str) -> list[Operation]:
    return [each for each in world.operations if each.details.get("value") == value]


def test_event_that_was_never_implied_is_found(world: World) -> None:
    events(world, "SCANNING")[0].details["value"] = "FAULT"
    found = violations(world)
    assert any("'FAULT' was received" in each for each in found)
    assert any("'SCANNING' of" in each and "not shown" in each for each in found)


def test_event_before_its_commit_is_found(world: World) -> None:
    event = events(world, "SCANNING")[0]
    early = event.began.monotonic - 3
    event.began = event.began._replace(monotonic=early)
    assert any(f"received at {early:.3f}" in each for each in violations(world))


def test_missing_event_is_found(world: World) -> None:
    world.operations.remove(events(world, "SCANNING")[0])
    (found,) = violations(world)
    assert "'SCANNING' of" in found
    assert "not shown within 5 s, but 'READY'" in found


def silence(world: World) -> None:
    """Let a last command have no event, and the run end long after it."""
    world.command("client", "Scan")
    idle(world, 2 * int(LIMIT_S))


def test_value_of_a_quiet_end_of_the_run_is_found(world: World) -> None:
    """Nothing has changed for longer than the limit."""
    world.command("client", "Scan")
    world.time += 2 * LIMIT_S
    world.add("subscriber", "ended")
    found = check_all(world.operations, world.changes, limit_s=LIMIT_S)
    assert any("'SCANNING' of" in each and "not shown" in each for each in found)


@pytest.mark.parametrize(
    ("client", "kind", "details"),
    [("subscriber", "ended", {}), ("clients", "killed", {"name": "subscriber"})],
)
def test_events_are_due_until_the_subscriber_ends(
    world: World, client: str, kind: str, details: dict[str, Any]
) -> None:
    world.add(client, kind, **details)
    # The first value of two ends after the subscriber, and before the end of the run.
    silence(world)
    world.command("client", "EndScan")
    idle(world, 2 * int(LIMIT_S))
    assert violations(world) == []


@pytest.mark.parametrize("missing", [{"obsState"}, {"obsState", "scanID", "healthState"}])
def test_attribute_without_any_event_is_found(world: World, missing: set[str]) -> None:
    world.add("subscriber", "subscribed", subarray=SUBARRAY, attributes=ATTRIBUTES)
    assert check_all(world.operations, world.changes, limit_s=LIMIT_S) == []
    world.operations = [
        each for each in world.operations if each.details.get("attribute") not in missing
    ]
    found = check_all(world.operations, world.changes, limit_s=LIMIT_S)
    assert set(found) == {f"subscriber: {each} had no event" for each in missing}


def test_swapped_events_are_found(world: World) -> None:
    configuring, ready = events(world, "CONFIGURING")[0], events(world, "READY")[0]
    configuring.details["value"], ready.details["value"] = "READY", "CONFIGURING"
    assert violations(world)


def test_repeated_old_event_is_found(world: World) -> None:
    Device(world).push("obsState", "CONFIGURING")
    (found,) = violations(world)
    assert "'CONFIGURING' was received" in found


def test_stale_event_of_another_attribute_is_found(world: World) -> None:
    Device(world).push("scanID", 12)
    assert any("scanID 12 was received" in each for each in violations(world))


def test_missing_event_is_excused_by_a_fault(world: World) -> None:
    event = events(world, "SCANNING")[0]
    world.operations.remove(event)
    time = event.began.monotonic
    assert violations(world, ((time - 1, time + LIMIT_S + 4),)) == []
    assert len(violations(world, ((time - 1, time + 1),))) == 1


def test_value_is_due_again_after_a_lost_subscription(world: World) -> None:
    device = Device(world)
    world.command("client", "Scan")
    idle(world, 3)
    device.push("obsState", None, "no answer")
    idle(world, 4)
    device.push("obsState", "SCANNING")
    idle(world, 2 * int(LIMIT_S))
    assert violations(world) == []


def test_short_errors_of_a_subscription_do_not_excuse_a_missing_event(world: World) -> None:
    device = Device(world)
    world.command("client", "Scan")
    for value in ("READY", "READY", "READY", "SCANNING"):
        idle(world, 3)
        device.push("obsState", None, "no answer")
        device.push("obsState", value)
    (found,) = violations(world)
    assert "'SCANNING' of" in found
    assert "not shown within 5 s, but 'READY'" in found


def test_health_of_an_outage_is_excused_only_during_it(world: World) -> None:
    device = Device(world)
    begin = world.time
    device.push("healthState", "FAILED")
    idle(world, int(LIMIT_S) + 3)
    was_received, was_not_shown = violations(world)
    assert "'FAILED' was received" in was_received
    assert "not shown" in was_not_shown
    assert violations(world, ((begin - 1, world.time),)) == []


@pytest.mark.parametrize("error", [None, "no answer"])
def test_missing_value_is_possible_shortly_after_a_fault_and_an_error_only(
    world: World, error: str | None
) -> None:
    """A server keeps its values in an outage; one that has started has none before the first."""
    device = Device(world)
    if error:
        device.push("obsState", None, error)
    device.push("obsState", None)
    title = "obsState None was received"
    assert any(title in each for each in violations(world))
    found = violations(world, ((world.time - 3, world.time - 2),))
    assert any(title in each for each in found) is (error is None)


@pytest.mark.parametrize(("details", "is_possible"), [({"first": True}, True), ({}, False)])
def test_first_value_of_a_subscription_may_be_missing(
    world: World, details: dict[str, Any], is_possible: bool
) -> None:
    event = Device(world).push("obsState", None)
    event.details |= details
    assert (violations(world, ((world.time - 3, world.time - 2),)) == []) is is_possible


def test_stable_values_are_counted_by_subscriber(world: World) -> None:
    _, before = check(world)
    assert {client for client, _ in before} == {"subscriber"}
    # Each has its values: obsState cannot hide that another one was not checked.
    assert {attribute for _, attribute in before} == set(ATTRIBUTES)
    world.operations += [
        replace(each, client="other") for each in world.operations if each.kind == "event"
    ]
    _, after = check(world)
    others = {("other", attribute): count for (_, attribute), count in before.items()}
    assert after == {**before, **others}
    idle(world, 3 * int(LIMIT_S))
    assert check(world, ((-1.0, world.time),)) == ([], Counter())


def test_error_of_a_subscription_without_a_later_value_is_found(world: World) -> None:
    device = Device(world)
    device.push("obsState", None, "no answer")
    begin = world.time
    idle(world, int(LIMIT_S) - 1)
    assert violations(world) == []
    # Repeated errors do not extend the time.
    device.push("obsState", None, "no answer")
    idle(world, 4)
    (found,) = violations(world)
    assert found.startswith("subscriber: obsState had no value from the error at")
    period = ((begin, world.time - 2),)
    assert check(world, unreachable=period)[0] == []
    # The database does not matter, nor does the start of another server.
    assert check(world, period, period)[0] == [found]


@pytest.mark.parametrize(("seconds", "is_found"), [(4, False), (7, True), (20, True)])
def test_error_that_lasts_longer_than_the_limit_is_found_once(
    world: World, seconds: int, is_found: bool
) -> None:
    device = Device(world)
    device.push("obsState", None, "no answer")
    idle(world, seconds)
    device.push("obsState", "READY")
    assert len(violations(world)) == is_found


def test_fault_excuses_a_part_of_an_error_only(world: World) -> None:
    """The one before the next value does not excuse the time before itself."""
    device = Device(world)
    device.push("obsState", None, "no answer")
    begin = world.time
    idle(world, 30)
    device.push("obsState", "READY")
    end = world.time
    (found,) = check(world, unreachable=((end - 3, end - 2),))[0]
    assert f"no value from the error at {begin + 0.2:.3f} until {end:.3f}" in found
    first, second = (begin + 4.0, begin + 12.0), (begin + 16.0, end - 4.0)
    assert check(world, unreachable=(first, second))[0] == []
    assert len(check(world, unreachable=(first,))[0]) == 1


def test_period_without_subscription_does_not_excuse_a_missing_event(world: World) -> None:
    silence(world)
    assert len(violations(world)) == 1
    period = ((-1.0, world.time),)
    assert violations(world) == check(world, restarts=period, unreachable=period)[0]


@pytest.mark.parametrize("value", ["FAILED", "UNKNOWN"])
@pytest.mark.parametrize(("since_s", "is_possible"), [(2, True), (LIMIT_S + 2, False)])
def test_short_health_of_an_outage_is_possible_shortly_after_a_fault(
    world: World, value: str, since_s: float, is_possible: bool
) -> None:
    device = Device(world)
    device.push("healthState", value)
    world.time += 1
    device.push("healthState", "DEGRADED")
    title = f"healthState {value!r} was received"
    assert any(title in each for each in violations(world))
    end = world.time - 1 - since_s
    found = violations(world, ((end - 1, end),))
    assert any(title in each for each in found) is not is_possible


def before_the_end_of_a_scan() -> World:
    """Return a run whose device has published everything but the effect of EndScan."""
    world = World()
    device = Device(world)
    for command in ("On", "AssignResources", "Configure", "Scan"):
        world.command("client", command)
        device.publish()
    world.command("client", "EndScan")
    return world


def subscribe_again(world: World, *events: tuple[float, str, float]) -> None:
    """Receive an error and then obsState, in the order of seconds after it, values and stamps."""
    device = Device(world)
    device.push("obsState", None, "no answer")
    begin = world.time
    for seconds, value, stamped in events:
        world.time = begin + seconds
        device.push("obsState", value).details["stamped"] = stamped


FIRST, SOON = 0.5, 0.6
"""Times of the first value after an error, and of those that were published before its read."""


@pytest.mark.parametrize(
    ("events", "is_found"),
    [
        # The read returns the last one of those that are delivered after it.
        ([(FIRST, "READY", 9), (SOON, "SCANNING", 9), (SOON, "READY", 9)], False),
        ([(FIRST, "READY", 9), (SOON, "SCANNING", 8), (SOON, "READY", 9)], False),
        # Published after the read.
        ([(FIRST, "READY", 9), (SOON, "SCANNING", 9.1)], True),
        ([(FIRST, "READY", 9), (SOON, "READY", 9.1), (SOON, "SCANNING", 9)], True),
        # Long after the read.
        ([(FIRST, "READY", 9), (FIRST + RECONNECT_S + 0.1, "SCANNING", 9)], True),
        # Before those that were received before the error, or not in order.
        ([(FIRST, "READY", 9), (SOON, "CONFIGURING", 9)], True),
        ([(FIRST, "READY", 9), (SOON, "READY", 9), (SOON, "SCANNING", 9)], True),
        # Later than the value that was read.
        ([(FIRST, "READY", 9), (SOON, "FAULT", 9)], True),
    ],
)
def test_values_may_repeat_directly_after_a_new_subscription_only(
    events: list[tuple[float, str, float]], is_found: bool
) -> None:
    world = before_the_end_of_a_scan()
    subscribe_again(world, *events)
    assert (violations(world) != []) is is_found


@pytest.mark.parametrize(
    ("began", "ended", "ahead_s", "stamped", "is_found"),
    [
        # The value was read while the clock was behind.
        (SOON, SOON + 1, -60.0, 9.1, False),
        (SOON, SOON + 1, -60.0, 68.9, False),
        (SOON, SOON + 1, 60.0, 68.9, False),
        (-9.0, -SEEN_WITHIN_S + 0.1, -60.0, 9.1, False),
        # More than the step explains.
        (SOON, SOON + 1, -60.0, 69.1, True),
        # Before the error, or long after the read.
        (-9.0, -SEEN_WITHIN_S - 0.1, -60.0, 9.1, True),
        (FIRST + RECONNECT_S + 0.5, 20.0, -60.0, 9.1, True),
    ],
)
def test_timestamps_are_not_compared_closer_than_a_step_of_the_clock(
    began: float, ended: float, ahead_s: float, stamped: float, is_found: bool
) -> None:
    world = before_the_end_of_a_scan()
    subscribe_again(world, (FIRST, "READY", 9.0), (SOON, "SCANNING", stamped))
    (error,) = [each for each in world.operations if each.details.get("error")]
    at = error.began.monotonic
    world.operations.append(
        operation(
            "nemesis", "fault", at + began, at + ended, fault="clock stepped", ahead_s=ahead_s
        )
    )
    found = [each for each in violations(world) if "'SCANNING' was received" in each]
    assert bool(found) is is_found


def test_values_do_not_repeat_without_an_error(world: World) -> None:
    device = Device(world)
    for value in ("READY", "SCANNING"):
        device.push("obsState", value).details["stamped"] = 9.0
    assert any("'SCANNING' was received" in each for each in violations(world))
