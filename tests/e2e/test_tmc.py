"""What the telescope manager relies on: its patterns of obsStates, its way of calling."""

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
from ska_sdp_lmc.demo.content import Content, configure, scan
from ska_sdp_lmc.model.states import HealthState
from ska_sdp_lmc.model.transitions import TRANSITIONS
from ska_sdp_lmc.stack.local import LocalStack
from tests.e2e.conftest import everything, settle
from tests.e2e.hearing import Hearing
from tests.e2e.scripts import change
from tests.e2e.subarray import Subarray, quick
from tests.waiting import wait_until

Json = dict[str, Any]

TIME_OUT_MS = 3_000
"""How long the telescope manager waits."""


def receivers(content: Content) -> list[Json]:
    """The processing blocks that receive."""
    blocks: list[Json] = content.message["processing_blocks"]
    return [block for block in blocks if "receive" in block["script"]["name"]]


def let_be_ready(config: Config, content: Content) -> None:
    """Let the receive script be ready, which has been at it until now."""
    for block in receivers(content):
        parameters = {**block["parameters"], "time-to-ready": 0}
        change(config, f"/pb/{block['pb_id']}", parameters=parameters)


def stamp_of(hearing: Hearing, obs_state: str) -> float:
    """When the device first told of an obsState, in seconds since the epoch."""
    told = [each for each in hearing.events if each.attribute == "obsState"]
    return next(each.stamped for each in told if each.value == obs_state)


def observe_slowly(
    subarray: Subarray, config: Config, to_resource: float, to_ready: float
) -> None:
    content = quick()
    for block in receivers(content):
        # It is ready when the test says so: a busy machine comes late to see that it is not.
        block["parameters"] |= {"time-to-resource": to_resource, "time-to-ready": 3600}
    scan_type, other = content.scan_types[:2]
    with Hearing([subarray], "receiveAddresses", "obsState") as hearing:
        began = time.time()
        subarray.command("AssignResources", json.dumps(content.message))
        subarray.wait_for("IDLE", to_resource + 30)
        # At the event IDLE they are there for whoever reads, as they were told before it.
        hearing.wait_for("obsState", ["RESOURCING", "IDLE"])
        told = [each.attribute for each in hearing.events if each.attribute != "adminMode"]
        assert told == ["obsState", "receiveAddresses", "obsState"]
        (addresses,) = hearing.of("receiveAddresses")
        assert set(content.scan_types) <= set(json.loads(str(addresses)))
        assert stamp_of(hearing, "IDLE") - began > to_resource

        subarray.command("Configure", configure(scan_type))
        # That it stays there shows in no event, so nothing can be waited for but the time.
        time.sleep(to_ready)
        assert subarray.obs_state == "CONFIGURING"
        let_be_ready(config, content)
        subarray.wait_for("READY")
        hearing.wait_for("obsState", ["RESOURCING", "IDLE", "CONFIGURING", "READY"])

        hearing.forget()
        subarray.command("Configure", configure(other))
        subarray.wait_for("READY")
        hearing.wait_for("obsState", ["CONFIGURING", "READY"])
        assert subarray.read("scanType") == other


@pytest.mark.long
def test_obs_states_of_a_slow_script(subarray: Subarray, config: Config) -> None:
    observe_slowly(subarray, config, 0.5, 0.5)


@pytest.mark.long
def test_obs_states_of_a_script_as_slow_as_real_ones(subarray: Subarray, config: Config) -> None:
    observe_slowly(subarray, config, 5, 3)


def test_known_processing_block_is_refused_by_name(subarray: Subarray, config: Config) -> None:
    """In IDLE, with an active execution block, whatever execution block it comes with."""
    content = subarray.assign()
    settle(config)
    before = everything(config)
    again = Content.new().message
    again["processing_blocks"] = content.message["processing_blocks"][:1]
    alone = {name: again[name] for name in ("interface", "processing_blocks")}
    pb_id = content.message["processing_blocks"][0]["pb_id"]
    for message in (again, alone):
        error = subarray.refusal("AssignResources", json.dumps(message))
        assert error.reason == "API_CommandFailed"
        assert error.desc == f"Processing block {pb_id} already exists"
    assert subarray.obs_state == "IDLE"
    assert everything(config) == before


ALARMS = """
import sys, tango

def hear(event):
    if not event.err:
        print(event.attr_value.value, event.attr_value.quality, flush=True)

proxy = tango.DeviceProxy(sys.argv[1])
proxy.subscribe_event("scanID", tango.EventType.ALARM_EVENT, hear)
sys.stdin.read()
"""


def test_a_limit_that_an_operator_sets_alarms(subarray: Subarray, tmp_path: Path) -> None:
    """Tango makes alarm events of what is pushed as a change, also if nobody asks for changes."""
    config = subarray.proxy.get_attribute_config("scanID")
    config.alarms.max_alarm = "100"
    subarray.proxy.set_attribute_config(config)
    heard = tmp_path / "heard"
    # In a process of its own: see tests/e2e/hearing.py.
    program = [sys.executable, "-c", ALARMS, subarray.trl]
    with (
        heard.open("w") as output,
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=output) as listener,
    ):
        subarray.configure(subarray.assign().scan_types[0])

        def is_heard_of() -> bool:
            # What is pushed in the first moments after a subscription is lost.
            subarray.start_scan(101)
            subarray.command("EndScan")
            return "101 ATTR_ALARM" in heard.read_text()

        try:
            wait_until(is_heard_of, 60)
        finally:
            listener.kill()
    config.alarms.max_alarm = "Not specified"
    subarray.proxy.set_attribute_config(config)


class Callback:
    """Waits for the word that a command is done, which comes on a thread of Tango's."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.errors: list[tango.DevError] = []

    def cmd_ended(self, event: Any) -> None:
        self.errors = list(event.errors) if event.err else []
        self.done.set()


@pytest.fixture
def _pushed_callbacks() -> Iterator[None]:
    """Has Tango call back by itself, as in the telescope manager."""
    client = tango.ApiUtil.instance()
    client.set_asynch_cb_sub_model(tango.cb_sub_model.PUSH_CALLBACK)
    yield
    client.set_asynch_cb_sub_model(tango.cb_sub_model.PULL_CALLBACK)


def call(subarray: Subarray, command: str, argument: str | None = None) -> list[tango.DevError]:
    """Give a command as the telescope manager does; gives the errors that it is told of."""
    callback = Callback()
    given = () if argument is None else (argument,)
    subarray.proxy.command_inout_asynch(command, *given, callback)
    assert callback.done.wait(20), f"{command} was not called back"
    return callback.errors


@pytest.mark.usefixtures("_pushed_callbacks")
def test_asynchronous_calls_with_callback(stack: LocalStack, subarray: Subarray) -> None:
    subarray.proxy.set_timeout_millis(TIME_OUT_MS)
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
    assert error.desc == "Command Scan not allowed when obsState is EMPTY"
    (error, *_) = call(subarray, "Configure", "{")
    assert error.reason == "API_CommandFailed"
    # The time-out of the client is not what ends a call that the database does not answer.
    error = call_in_silence(stack, subarray, "Off")
    assert error.reason == "API_CommandFailed"
    assert "was not carried out" in error.desc

    def is_off() -> bool:
        return call(subarray, "Off") == [] or subarray.proxy.state() == tango.DevState.OFF

    wait_until(is_off, 30, "the server reaches its database again")


def call_in_silence(stack: LocalStack, subarray: Subarray, command: str) -> tango.DevError:
    """Give a command that the database does not answer; gives the first entry of the error.

    A busy machine may be late, but not each time.
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
