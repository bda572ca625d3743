"""Behaviour that the telescope manager relies on: obsState sequences and asynchronous calls."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_config.lmc.transitions import TRANSITIONS
from ska_sdp_sim.demo.content import Content, configure, scan
from ska_sdp_sim.stack.local import LocalStack
from tests.e2e.event_recorder import EventRecorder
from tests.e2e.subarray import Subarray, quick
from tests.support.scripts import change
from tests.support.waiting import wait_until

Json = dict[str, Any]

TIMEOUT_MS = 3_000
"""Client timeout of the telescope manager."""


def receivers(content: Content) -> list[Json]:
    blocks: list[Json] = content.message["processing_blocks"]
    return [block for block in blocks if "receive" in block["script"]["name"]]


def let_be_ready(config: Config, content: Content) -> None:
    """Write that the deployments of the receive script are ready."""
    for block in receivers(content):
        parameters = {**block["parameters"], "time-to-ready": 0}
        change(config, f"/pb/{block['pb_id']}", parameters=parameters)


def stamp_of(recorder: EventRecorder, obs_state: str) -> float:
    """Return when an obsState was first published, in seconds since the epoch."""
    events = [each for each in recorder.events if each.attribute == "obsState"]
    return next(each.stamped for each in events if each.value == obs_state)


@pytest.mark.long
@pytest.mark.parametrize(("to_resource", "to_ready"), [(0.5, 0.5), (5, 3)])
def test_slow_script_has_the_expected_obs_states(
    subarray: Subarray, config: Config, to_resource: float, to_ready: float
) -> None:
    content = quick()
    for block in receivers(content):
        # The test decides when it is ready, so that a slow machine cannot miss the wait.
        block["parameters"] |= {"time-to-resource": to_resource, "time-to-ready": 3600}
    scan_type, other = content.scan_types[:2]
    with EventRecorder([subarray], "receiveAddresses", "obsState") as recorder:
        began = time.time()
        subarray.command("AssignResources", json.dumps(content.message))
        subarray.wait_for("IDLE", to_resource + 30)
        # They were published before the event IDLE, so clients can read them then.
        recorder.wait_for("obsState", ["RESOURCING", "IDLE"])
        published = [each.attribute for each in recorder.events if each.attribute != "adminMode"]
        assert published == ["obsState", "receiveAddresses", "obsState"]
        (addresses,) = recorder.of("receiveAddresses")
        assert set(content.scan_types) <= set(json.loads(str(addresses)))
        assert stamp_of(recorder, "IDLE") - began > to_resource

        subarray.command("Configure", configure(scan_type))
        # No event reports that it stays there, so wait for a fixed time.
        time.sleep(to_ready)
        assert subarray.obs_state == "CONFIGURING"
        let_be_ready(config, content)
        subarray.wait_for("READY")
        recorder.wait_for("obsState", ["RESOURCING", "IDLE", "CONFIGURING", "READY"])

        recorder.clear()
        subarray.command("Configure", configure(other))
        subarray.wait_for("READY")
        recorder.wait_for("obsState", ["CONFIGURING", "READY"])
        assert subarray.read("scanType") == other


ALARMS = """
import sys, tango

def on_event(event):
    if not event.err:
        print(event.attr_value.value, event.attr_value.quality, flush=True)

proxy = tango.DeviceProxy(sys.argv[1])
proxy.subscribe_event("scanID", tango.EventType.ALARM_EVENT, on_event)
sys.stdin.read()
"""


def test_attribute_limit_raises_an_alarm(subarray: Subarray, tmp_path: Path) -> None:
    """Tango creates alarm events from change events, also without a subscription to changes."""
    config = subarray.proxy.get_attribute_config("scanID")
    config.alarms.max_alarm = "100"
    subarray.proxy.set_attribute_config(config)
    received = tmp_path / "received"
    # In a process of its own: see tests/e2e/event_recorder.py.
    program = [sys.executable, "-c", ALARMS, subarray.trl]
    with (
        received.open("w") as output,
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=output) as listener,
    ):
        subarray.configure(subarray.assign().scan_types[0])

        def is_received() -> bool:
            # The first events after a subscription are lost.
            subarray.start_scan(101)
            subarray.command("EndScan")
            return "101 ATTR_ALARM" in received.read_text()

        try:
            wait_until(is_received, 60)
        finally:
            listener.kill()
    config.alarms.max_alarm = "Not specified"
    subarray.proxy.set_attribute_config(config)


class Callback:
    """Callback of an asynchronous command, which Tango calls on a thread of its own."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.errors: list[tango.DevError] = []

    def cmd_ended(self, event: Any) -> None:
        self.errors = list(event.errors) if event.err else []
        self.done.set()


@pytest.fixture
def _pushed_callbacks() -> Iterator[None]:
    """Select the push model of callbacks, as the telescope manager does."""
    client = tango.ApiUtil.instance()
    client.set_asynch_cb_sub_model(tango.cb_sub_model.PUSH_CALLBACK)
    yield
    client.set_asynch_cb_sub_model(tango.cb_sub_model.PULL_CALLBACK)


def call(subarray: Subarray, command: str, argument: str | None = None) -> list[tango.DevError]:
    """Send a command as the telescope manager does; return the errors that it receives."""
    callback = Callback()
    given = () if argument is None else (argument,)
    subarray.proxy.command_inout_asynch(command, *given, callback)
    assert callback.done.wait(20), f"{command} was not called back"
    return callback.errors


@pytest.mark.usefixtures("_pushed_callbacks")
def test_asynchronous_command_calls_back(stack: LocalStack, subarray: Subarray) -> None:
    subarray.proxy.set_timeout_millis(TIMEOUT_MS)
    content = quick()
    steps = (
        ("AssignResources", json.dumps(content.message), "IDLE"),
        ("Configure", configure(content.scan_types[0]), "READY"),
        ("Scan", scan(1), "SCANNING"),
        ("EndScan", None, "READY"),
        ("Configure", configure(content.scan_types[1]), "READY"),
        ("Scan", scan(2), "SCANNING"),
        ("Abort", None, "ABORTED"),
        ("ObsReset", None, "IDLE"),
        ("Configure", configure(content.scan_types[0]), "READY"),
        ("End", None, "IDLE"),
        ("ReleaseAllResources", None, "EMPTY"),
        ("Off", None, "EMPTY"),
        ("On", None, "EMPTY"),
        ("AssignResources", json.dumps(quick().message), "IDLE"),
        ("AssignResources", '{"resources": {"receptors": ["SKA900"]}}', "IDLE"),
        ("ReleaseResources", '{"resources": {"receptors": ["SKA900"]}}', "IDLE"),
        ("Abort", None, "ABORTED"),
        ("Restart", None, "EMPTY"),
    )
    assert {command for command, *_ in steps} == set(TRANSITIONS)
    for command, argument, obs_state in steps:
        assert call(subarray, command, argument) == []
        subarray.wait_for(obs_state)
    (error, *_) = call(subarray, "Scan", scan(3))
    assert error.reason == "API_CommandNotAllowed"
    assert error.desc == "Command Scan not allowed when obsState is EMPTY; allowed in READY"
    (error, *_) = call(subarray, "Configure", "{")
    assert error.reason == "API_CommandFailed"
    # The server, not the timeout of the client, ends the call during an outage.
    error = call_in_silence(stack, subarray, "Off")
    assert error.reason == "API_CommandFailed"
    assert "was not carried out" in error.desc

    def is_off() -> bool:
        return call(subarray, "Off") == [] or subarray.proxy.state() == tango.DevState.OFF

    wait_until(is_off, 30, "the server reaches its database again")


def call_in_silence(stack: LocalStack, subarray: Subarray, command: str) -> tango.DevError:
    """Send a command while the database is paused; return the first entry of the error.

    On a busy machine, the client may time out before the server, so the command is repeated.
    """
    for _ in range(4):
        stack.etcd.pause()
        try:
            (error, *_) = call(subarray, command)
        finally:
            stack.etcd.resume()
        if error.reason == "API_CommandFailed":
            break
        wait_until(lambda: subarray.read("healthState") == HealthState.OK, 30)
    return error
