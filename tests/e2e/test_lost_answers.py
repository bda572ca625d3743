"""Late and lost answers of commits: each event is sent once, in order."""

from __future__ import annotations

import itertools
import json
import threading
import time

import pytest

from ska_sdp_sim.demo.event import Value
from tests.e2e.rig import Observation, Rig
from tests.support.scripts import ARGUMENTS, assignment, new_id
from tests.support.waiting import wait_until

# Minimum of each; the test continues until both are reached.
CONFIGURES = 40
PUBLISHED = 6

# Commands in their order, with the obsState events of each.
OBSERVATION: tuple[tuple[str, list[Value]], ...] = (
    ("On", []),
    ("AssignResources", ["RESOURCING", "IDLE"]),
    ("Configure", ["CONFIGURING", "READY"]),
    ("Configure", ["CONFIGURING", "READY"]),
    ("Scan", ["SCANNING"]),
    ("EndScan", ["READY"]),
    ("End", ["IDLE"]),
    ("ReleaseResources", ["RESOURCING", "IDLE"]),
    ("Abort", ["ABORTING", "ABORTED"]),
    ("ObsReset", ["RESETTING", "IDLE"]),
    ("ReleaseAllResources", ["RESOURCING", "EMPTY"]),
    ("AssignResources", ["RESOURCING", "IDLE"]),
    ("Abort", ["ABORTING", "ABORTED"]),
    ("Restart", ["RESTARTING", "EMPTY"]),
    ("Off", []),
)


def argument(command: str) -> str | None:
    if command == "AssignResources":
        return assignment(new_id("eb"), {}, ("SKA001", "SKA036"))
    return ARGUMENTS.get(command)


@pytest.mark.long
@pytest.mark.parametrize("fate", ["lost", "late"])
def test_late_or_lost_response_sends_each_event_once(rig: Rig, fate: str) -> None:
    for command, obs_states in OBSERVATION:
        count = rig.entry["command_count"]
        rig.recorder.clear()
        number = rig.send_and_catch(command, argument(command))
        if fate == "lost":
            rig.network.cut()
        rig.network.release()
        error = rig.response(number)
        if error is not None:
            # On a slow machine the settlement may time out.
            assert "It is not known whether" in error.desc
        # Until the connection is restored, commands are rejected.
        rig.wait_for_database()
        transaction_id = rig.entry["transaction_id"]
        rig.recorder.wait_for("transactionID", [transaction_id])
        rig.recorder.wait_for("obsState", obs_states)
        assert_order(rig, command, obs_states)
        assert rig.entry["command_count"] == count + 1


def assert_order(rig: Rig, command: str, obs_states: list[Value]) -> None:
    """Check that the transient obsState is first, the final one last, and no event repeated."""
    rig.recorder.prove()
    names = [each.attribute for each in rig.recorder.events if each.attribute != "adminMode"]
    assert names.count("lastCommand") <= 1
    assert names.count("transactionID") == 1
    assert names.count("obsState") == len(obs_states)
    others = [place for place, name in enumerate(names) if name != "obsState"]
    places = [place for place, name in enumerate(names) if name == "obsState"]
    if len(places) == 2:
        assert places[0] < min(others), f"{command}: {names}"
    if places:
        assert places[-1] > max(others), f"{command}: {names}"


def test_concurrent_publication_sends_each_event_once(rig: Rig) -> None:
    observation = Observation(rig)
    observation.resource()
    rig.subarray.configure("science")
    rig.recorder.prove()
    rig.recorder.clear()
    over = threading.Event()
    written = itertools.count(1)
    ids: list[str] = []

    def write() -> None:
        # Without a pause, each command's transaction would retry indefinitely.
        while not over.wait(0.02):
            addresses = {"science": {"vis0": {"port": [[0, next(written), 1]]}}}
            observation.write(receive_addresses=addresses)

    script = threading.Thread(target=write)
    script.start()
    try:
        deadline = time.monotonic() + 60
        while len(ids) < CONFIGURES or len(rig.recorder.of("receiveAddresses")) < PUBLISHED:
            assert time.monotonic() < deadline, "the addresses of the script are not published"
            ids.append(f"txn-e2e-{len(ids)}")
            message = {"scan_type": "science", "transaction_id": ids[-1]}
            rig.subarray.command("Configure", json.dumps(message))
            assert rig.subarray.read("transactionID") == ids[-1]
            rig.subarray.wait_for("READY")
    finally:
        over.set()
        script.join(10)
    rig.recorder.prove()
    assert rig.recorder.of("obsState") == ["CONFIGURING", "READY"] * len(ids)
    assert rig.recorder.of("transactionID") == ids
    last = next(written) - 1
    wait_until(lambda: published_ports(rig)[-1:] == [last], what=f"port {last} is published")
    # A view may be skipped for a newer one; none is published out of order or twice.
    ports = published_ports(rig)
    assert ports == sorted(set(ports))


def published_ports(rig: Rig) -> list[int]:
    published = [json.loads(str(text)) for text in rig.recorder.of("receiveAddresses")]
    return [each["science"]["vis0"]["port"][0][1] for each in published]
