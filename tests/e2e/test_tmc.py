"""What the telescope manager relies on: its patterns of obsStates, its way of calling."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_lmc.demo.content import Content, configure, scan
from ska_sdp_lmc.model.transitions import TRANSITIONS
from ska_sdp_lmc.stack.local import LocalStack
from tests.e2e.conftest import everything, settle
from tests.e2e.hearing import Hearing
from tests.e2e.subarray import Subarray, quick
from tests.waiting import wait_until

TIME_OUT_MS = 3_000


def content_that_takes(to_resource: float, to_ready: float) -> Content:
    """The demonstration's observation, its receive script taking its time, in seconds."""
    content = quick()
    for block in content.message["processing_blocks"]:
        if "receive" in block["script"]["name"]:
            block["parameters"] |= {"time-to-resource": to_resource, "time-to-ready": to_ready}
    return content


def seconds_between(hearing: Hearing, one: str, other: str) -> float:
    """How long it took from an obsState to the next that comes of another.

    The script may know of the first one before a busy machine comes to tell of it.
    """
    at = {str(each.value): each.stamped for each in hearing.events if each.attribute == "obsState"}
    return at[other] - at[one]


def observe_slowly(subarray: Subarray, to_resource: float, to_ready: float) -> None:
    content = content_that_takes(to_resource, to_ready)
    scan_type, other = content.scan_types[:2]
    with Hearing([subarray], "receiveAddresses", "obsState") as hearing:
        subarray.command("AssignResources", json.dumps(content.message))
        subarray.wait_for("IDLE", to_resource + 15)
        # At the event IDLE they are there for whoever reads, as they were told before it.
        hearing.wait_for("obsState", ["RESOURCING", "IDLE"])
        told = [each.attribute for each in hearing.events if each.attribute != "adminMode"]
        assert told == ["obsState", "receiveAddresses", "obsState"]
        (addresses,) = hearing.of("receiveAddresses")
        assert set(content.scan_types) <= set(json.loads(str(addresses)))
        assert seconds_between(hearing, "RESOURCING", "IDLE") > to_resource / 2

        subarray.command("Configure", configure(scan_type))
        subarray.wait_for("READY", to_ready + 15)
        hearing.wait_for("obsState", ["RESOURCING", "IDLE", "CONFIGURING", "READY"])
        assert seconds_between(hearing, "CONFIGURING", "READY") > to_ready / 2

        hearing.forget()
        subarray.command("Configure", configure(other))
        subarray.wait_for("READY")
        hearing.wait_for("obsState", ["CONFIGURING", "READY"])
        assert subarray.read("scanType") == other


def test_obs_states_of_a_slow_script(subarray: Subarray) -> None:
    observe_slowly(subarray, 1, 1)


@pytest.mark.long
def test_obs_states_of_a_script_as_slow_as_real_ones(subarray: Subarray) -> None:
    observe_slowly(subarray, 5, 3)


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
    stack.etcd.pause()
    try:
        (error, *_) = call(subarray, "Off")
    finally:
        stack.etcd.resume()
    assert error.reason == "API_CommandFailed"
    assert "was not carried out" in error.desc

    wait_until(lambda: call(subarray, "Off") == [], 30, "the server reaches its database again")
