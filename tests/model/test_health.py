"""healthState and healthInfo."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ska_sdp_config.lmc.blocks import ProcessingBlock
from ska_sdp_config.lmc.health import MAX_SENTENCES, Fault, Outage, health, seen_since, sentences
from ska_sdp_config.lmc.states import HealthState, ObsState

from .worlds import BATCH, EB, ENTRY, NOON, RECEIVE, World, documents


def texts(world: World) -> list[str]:
    return [fault.text for fault in world.view.faults or ()]


def test_health_is_ok_without_faults() -> None:
    world = World(documents(ObsState.SCANNING))
    assert texts(world) == []
    assert health(world.view.faults, None) is HealthState.OK


def test_each_fault_makes_subarray_degraded() -> None:
    world = World(documents(ObsState.READY))
    del world.documents["/component/helmdeploy/owner"]
    assert texts(world) == ["Component helmdeploy is OFFLINE"]
    world.documents["/component/helmdeploy/owner"] = {}
    world.set_state(BATCH, status="FAILED", reason="no space", last_updated="2026-01-31 10:00:00")
    assert texts(world) == [f"Processing block {BATCH} is FAILED: no space"]
    assert health(world.view.faults, None) is HealthState.DEGRADED
    since = seen_since({}, world.view.faults or (), NOON)
    assert sentences(world.view.faults or (), since) == [
        f"Processing block {BATCH} is FAILED: no space, since 2026-01-31T10:00:00.000Z."
    ]
    world.set_state(BATCH, status="RUNNING")
    world.set_state(RECEIVE, resources_available=False)
    assert texts(world) == [f"Processing block {RECEIVE} has lost its resources"]
    world.set_state(RECEIVE, resources_available=True, status="CANCELLED")
    assert texts(world) == [f"Processing block {RECEIVE} is CANCELLED"]
    world.set_state(RECEIVE, status="CANCELLING")
    assert texts(world) == [f"Processing block {RECEIVE} is CANCELLING"]
    world.set_state(RECEIVE, status="RUNNING")
    world.update_eb(status="FINISHED")
    assert texts(world) == [f"Execution block {EB} is FINISHED: it was ended by another program"]
    world.update_eb(status="SCANNING")
    assert texts(world) == []
    del world.documents[f"/pb/{RECEIVE}"]
    assert texts(world) == [f"Processing block {RECEIVE} is missing"]


def test_failed_blocks_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing each block with each failed one would be quadratic."""

    def fail(self: ProcessingBlock, other: object) -> bool:
        raise AssertionError("Two blocks were compared.")

    world = World(documents(ObsState.READY))
    world.set_state(RECEIVE, status="FAILED", reason="killed")
    world.set_state(BATCH, status="FAILED", reason="no space")
    monkeypatch.setattr(ProcessingBlock, "__eq__", fail)
    assert texts(world) == [
        f"Processing block {RECEIVE} is FAILED: killed",
        f"Processing block {BATCH} is FAILED: no space",
    ]


def test_pending_blocks_are_not_faults() -> None:
    for column in (ObsState.RESOURCING, ObsState.CONFIGURING):
        assert texts(World(documents(column))) == []
    world = World(documents(ObsState.IDLE))
    world.set_state(RECEIVE, deployments_ready=False)
    assert texts(world) == []


def test_timeout_fault_names_reason() -> None:
    world = World(documents(ObsState.RESOURCING))
    world.pass_time(61)
    world.reconcile()
    assert len(texts(world)) == 1
    assert "was not resourced within 60 s" in texts(world)[0]


def test_timeout_fault_starts_at_deadline() -> None:
    world = World(documents(ObsState.CONFIGURING))
    world.pass_time(61)
    world.reconcile()
    world.pass_time(3600)
    # A server that starts now has no earlier state.
    faults = world.view.faults or ()
    (line,) = sentences(faults, seen_since({}, faults, world.now))
    assert line.endswith("since 2026-01-31T12:01:00.000Z.")


def test_other_error_has_no_deadline() -> None:
    world = World(documents(ObsState.CONFIGURING))
    world.entry["errors"] = {"subarray": "it was hit by lightning"}
    (fault,) = world.view.faults or ()
    assert fault.since is None


def test_invalid_receive_addresses_are_faults() -> None:
    world = World(documents(ObsState.IDLE))
    world.set_state(RECEIVE, receive_addresses={"science": {"vis0": {"host": "somewhere"}}})
    assert texts(world)
    assert all(text.startswith(f"receiveAddresses of {RECEIVE}") for text in texts(world))


def test_start_of_fault_is_kept_while_it_lasts() -> None:
    fault = Fault("component x", "Component x is OFFLINE")
    first = seen_since({}, [fault], NOON)
    later = seen_since(first, [fault], NOON + timedelta(hours=1))
    assert later == {"component x": NOON}
    gone = seen_since(later, [], NOON)
    again = seen_since(gone, [fault], NOON + timedelta(hours=2))
    assert sentences([fault], again) == ["Component x is OFFLINE, since 2026-01-31T14:00:00.000Z."]


def test_start_of_fault_does_not_follow_later_updates() -> None:
    """Scripts update the time of their state, but the fault began earlier."""
    later = NOON + timedelta(seconds=5)
    first = seen_since({}, [Fault("pb x", "is ill", NOON)], later)
    assert first == {"pb x": NOON}
    assert seen_since(first, [Fault("pb x", "is ill", later)], later) == first


@pytest.mark.parametrize("count", [0, 1, MAX_SENTENCES, MAX_SENTENCES + 1, 1000])
def test_health_info_is_limited(count: int) -> None:
    faults = [Fault(str(number), f"Fault {number}") for number in range(count)]
    lines = sentences(faults, {})
    assert len(lines) == min(count, 64)
    if count > 64:
        assert lines[-1] == f"{count - 63} more faults are not listed."
        assert lines[-2] == "Fault 62."


def test_outage_is_failed_and_unknown_before_first_answer() -> None:
    outage = Outage("127.0.0.1:2379", NOON)
    assert health((), outage) is HealthState.FAILED
    assert health((), Outage("h:1", NOON, before_first=True)) is HealthState.UNKNOWN
    assert health(None, None) is HealthState.UNKNOWN
    assert health(None, outage) is HealthState.UNKNOWN
    line = sentences([outage.fault()], {})[0]
    assert line == (
        "The configuration database at 127.0.0.1:2379 does not answer, "
        "since 2026-01-31T12:00:00.000Z."
    )


def test_multiline_reason_is_one_sentence() -> None:
    fault = Fault("x", "It failed:\n  Traceback | " + "y" * 1000)
    (line,) = sentences([fault], {})
    assert "\n" not in line
    assert len(line) < 600


def test_cause_of_fault_is_the_first_sentence() -> None:
    """Status repeats it, also if a component is OFFLINE and a batch block failed before."""
    world = World(documents(ObsState.FAULT))
    del world.documents["/component/helmdeploy/owner"]
    world.set_state(BATCH, status="FAILED", reason="no input")
    first, *others = texts(world)
    assert first == f"Processing block {RECEIVE} is FAILED: out of memory"
    assert others[0] == "Component helmdeploy is OFFLINE"
    world.documents[ENTRY]["errors"] = {"subarray": "Configure timed out"}
    assert texts(world)[0] == "Configure timed out"
