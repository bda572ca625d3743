"""Late and lost answers of commits: each event is sent once, in order."""

from __future__ import annotations

import itertools
import json
import threading
import time

import pytest

from ska_sdp_sim.demo.event import Value
from tests.e2e.rig import Rig
from tests.e2e.scripts import ADDRESSES, assignment, name_receiver, new_id, write_state
from tests.support.waiting import wait_until

# At least so many of each, and on until both are reached: a busy machine lets one run ahead.
CONFIGURES = 40
TOLD = 6

# Each command in its place, with all that is told of obsState by it.
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
    return {
        "ReleaseResources": '{"resources": {"receptors": ["SKA001"]}}',
        "Configure": '{"scan_type": "science"}',
        "Scan": '{"scan_id": 5}',
    }.get(command)


@pytest.mark.parametrize("fate", ["lost", "late"])
def test_command_with_a_late_or_lost_answer_sends_each_event_once(rig: Rig, fate: str) -> None:
    for command, obs_states in OBSERVATION:
        count = rig.entry["command_count"]
        rig.recorder.forget()
        number = rig.send_and_catch(command, argument(command))
        if fate == "lost":
            rig.network.cut()
        rig.network.release()
        error = rig.answer(number)
        if error is not None:
            # A machine that is too slow to settle it in time says so.
            assert "It is not known whether" in error.desc
        # Until the connection stands again, commands are refused.
        rig.wait_for_database()
        transaction_id = rig.entry["transaction_id"]
        rig.recorder.wait_for("transactionID", [transaction_id])
        rig.recorder.wait_for("obsState", obs_states)
        assert_order(rig, command, obs_states)
        assert rig.entry["command_count"] == count + 1


def assert_order(rig: Rig, command: str, obs_states: list[Value]) -> None:
    """The transitional obsState before all else, the final one after; nothing twice."""
    # What was pushed before this is heard before it.
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


@pytest.fixture
def receiving(rig: Rig) -> tuple[Rig, str]:
    """The subarray in READY, with a processing block whose script goes on writing."""
    eb_id, pb_id = new_id("eb"), new_id("pb")
    rig.subarray.command("On")
    block = {pb_id: ("realtime", "vis-receive")}
    rig.subarray.command("AssignResources", assignment(eb_id, block))
    write_state(
        rig.config,
        pb_id,
        status="RUNNING",
        resources_available=True,
        deployments_ready=True,
        receive_addresses=ADDRESSES,
    )
    name_receiver(rig.config, eb_id, pb_id)
    rig.subarray.wait_for("IDLE")
    rig.subarray.configure("science")
    return rig, pb_id


def test_concurrent_publication_sends_each_event_once(receiving: tuple[Rig, str]) -> None:
    rig, pb_id = receiving
    rig.recorder.prove()
    rig.recorder.forget()
    over = threading.Event()
    written = itertools.count(1)
    ids: list[str] = []

    def write() -> None:
        # One that never paused would make each command's transaction run again and again.
        while not over.wait(0.02):
            addresses = {"science": {"vis0": {"port": [[0, next(written), 1]]}}}
            write_state(rig.config, pb_id, receive_addresses=addresses)

    script = threading.Thread(target=write)
    script.start()
    try:
        deadline = time.monotonic() + 60
        while len(ids) < CONFIGURES or len(rig.recorder.of("receiveAddresses")) < TOLD:
            assert time.monotonic() < deadline, "the script's addresses are not told of"
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
    wait_until(lambda: told_ports(rig)[-1:] == [last], what=f"port {last} is told of")
    # Views may be left out, for newer ones; none comes after a newer one, and none twice.
    ports = told_ports(rig)
    assert ports == sorted(set(ports))


def told_ports(rig: Rig) -> list[int]:
    """The port of each receiveAddresses that was told."""
    told = [json.loads(str(text)) for text in rig.recorder.of("receiveAddresses")]
    return [each["science"]["vis0"]["port"][0][1] for each in told]
