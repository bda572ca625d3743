"""TangoGQL, through which Taranta sees the devices: queries, commands, subscriptions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import ObsState
from ska_sdp_sim.demo.content import Content, configure, scan
from ska_sdp_sim.demo.observe import define_scripts
from ska_sdp_sim.stack.local import LocalStack
from tests.dashboards.taranta import attributes, commands, devices
from tests.e2e.subarray import Subarray, quick
from tests.services.tangogql import TangoGQL, tangogql_python

pytestmark = pytest.mark.long

SUBARRAY = "test-sdp/subarray/01"

DEVICE = """
query ($name: String!) {
  device(name: $name) {
    name connected state deviceClass
    attributes {name label dataformat datatype unit writable enumLabels value}
    commands {name intype intypedesc outtype outtypedesc}
  }
}
"""
COMMAND = """
mutation ($device: String!, $command: String!, $argin: ScalarTypes) {
  executeCommand(device: $device, command: $command, argin: $argin) {ok message output}
}
"""
WRITE = """
mutation ($device: String!, $name: String!, $value: ScalarTypes!) {
  setAttributeValue(device: $device, name: $name, value: $value) {ok message}
}
"""
EVENTS = """
subscription ($names: [String]!) {
  attributes(fullNames: $names) {device attribute value quality timestamp error {desc}}
}
"""


@pytest.fixture(scope="module")
def tangogql(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TangoGQL]:
    tangogql_python()
    with TangoGQL(tmp_path_factory.mktemp("tangogql"), stack.tango_db.tango_host) as server:
        yield server


@pytest.fixture
def subarray(stack: LocalStack) -> Iterator[Subarray]:
    """Subarray 01, OFF before and after the test."""
    with Config(backend="etcd3", host=stack.etcd.host, port=stack.etcd.port) as config:
        define_scripts(config)
    subarray = Subarray(f"tango://{stack.tango_db.tango_host}/{SUBARRAY}")
    yield subarray
    if subarray.proxy.state() != tango.DevState.OFF:
        subarray.command("Off")


Described = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def described(tangogql: TangoGQL) -> dict[str, tuple[Described, Described]]:
    """Attributes, by name in lower case, and commands of each device on the dashboards."""
    found = {}
    for name in devices():
        device = tangogql.query(DEVICE, name=name)["device"]
        assert device["connected"], device
        found[name] = (
            {each["name"].lower(): each for each in device["attributes"]},
            {each["name"]: each for each in device["commands"]},
        )
    return found


def test_attributes_of_the_dashboards_have_their_labels(
    described: dict[str, tuple[Described, Described]],
) -> None:
    for named in attributes():
        shown = described[named.device][0][named.attribute]
        assert shown["label"] == named.label
        assert shown["dataformat"] == (
            "SPECTRUM" if named.widget == "SPECTRUM_TABLE" else "SCALAR"
        )


def test_commands_of_the_dashboards_have_their_types(
    described: dict[str, tuple[Described, Described]],
) -> None:
    for device, named in commands():
        shown = described[device][1][named["command"]]
        assert (shown["intype"], shown["outtype"]) == (named["acceptedType"], named["outtype"])
        assert (shown["intypedesc"], shown["outtypedesc"]) == (
            named["intypedesc"],
            named["outtypedesc"],
        )


def test_states_are_shown_by_name(described: dict[str, tuple[Described, Described]]) -> None:
    shown, _ = described[SUBARRAY]
    assert shown["obsstate"]["enumLabels"] == [state.name for state in ObsState]
    controller, _ = described["test-sdp/control/0"]
    assert controller["capacitybufferstorage"]["unit"] == "MB"


def test_command_and_its_rejection(tangogql: TangoGQL, subarray: Subarray) -> None:
    done = tangogql.query(COMMAND, device=SUBARRAY, command="On")["executeCommand"]
    assert done == {"ok": True, "message": None, "output": None}
    assert subarray.obs_state == "EMPTY"
    rejected = tangogql.query(COMMAND, device=SUBARRAY, command="Scan", argin=scan(1))
    assert rejected["executeCommand"]["ok"] is False
    (text,) = rejected["executeCommand"]["message"]
    assert "Command Scan not allowed when obsState is EMPTY" in text


def test_admin_mode_is_written(tangogql: TangoGQL, subarray: Subarray) -> None:
    for mode in (2, 0):
        done = tangogql.query(WRITE, device=SUBARRAY, name="adminMode", value=mode)
        assert done["setAttributeValue"] == {"ok": True, "message": None}
        assert subarray.read("adminMode") == mode


def steps(content: Content) -> list[tuple[str, str | None, list[str]]]:
    """Return the commands of an observation, each with the obsStates that follow."""
    return [
        ("AssignResources", json.dumps(content.message), ["RESOURCING", "IDLE"]),
        ("Configure", configure(content.scan_types[0]), ["CONFIGURING", "READY"]),
        ("Scan", scan(1), ["SCANNING"]),
        ("EndScan", None, ["READY"]),
        ("End", None, ["IDLE"]),
        ("ReleaseAllResources", None, ["RESOURCING", "EMPTY"]),
    ]


def test_subscription_receives_each_obs_state(tangogql: TangoGQL, subarray: Subarray) -> None:
    subarray.command("On")
    planned = steps(quick())

    async def observe() -> list[str]:
        received: list[str] = []
        names = [f"{SUBARRAY}/obsState"]
        async with tangogql.subscription(EVENTS, names=names) as messages:
            await receive_until(messages, received, "EMPTY")
            for command, argument, expected in planned:
                await asyncio.to_thread(subarray.command, command, argument)
                await receive_until(messages, received, expected[-1])
        return received

    received = asyncio.run(observe())
    assert received == ["EMPTY", *(state for _, _, states in planned for state in states)]


async def receive_until(messages: Any, received: list[str], last: str) -> None:
    """Append the obsStates of messages up to one with an obsState."""
    async for message in messages:
        frame = message["attributes"]
        assert frame["error"] is None, frame
        state = ObsState(frame["value"]).name
        # TangoGQL repeats the value when the subscription is established.
        if received[-1:] != [state]:
            received.append(state)
        if state == last:
            return
