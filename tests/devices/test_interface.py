"""Interface of the devices: every attribute and command."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import AdminMode, HealthState, ObsState
from tests.model.cells import PATHS
from tests.support.scripts import name_receiver
from tests.support.waiting import wait_until

from .conftest import EB, Events, assign_text, served_in_memory, write_state

STRING, LONG64, ENUM, STATE = (
    tango.CmdArgType.DevString,
    tango.CmdArgType.DevLong64,
    tango.CmdArgType.DevEnum,
    tango.CmdArgType.DevState,
)


class Kind(NamedTuple):
    """Expected configuration of an attribute."""

    data_type: Any
    labels: Any = ()
    unit: str = ""
    lowest: str = "Not specified"
    length: int = 1
    writable: bool = False


TEXT = Kind(STRING)
BOTH = {
    "versionId": TEXT,
    "adminMode": Kind(ENUM, AdminMode, writable=True),
    "healthState": Kind(ENUM, HealthState),
    "healthInfo": Kind(STRING, length=64),
    "State": Kind(STATE),
    "Status": TEXT,
}
CONTROLLER = BOTH | {
    "sdpVersion": TEXT,
    "components": TEXT,
    "capacityBufferStorage": Kind(LONG64, unit="MB", lowest="-1"),
    "subarrays": TEXT,
    "executionBlocks": TEXT,
    "processingBlocks": TEXT,
}
SUBARRAY = BOTH | {
    "obsState": Kind(ENUM, ObsState),
    "resources": TEXT,
    "ebID": TEXT,
    "receiveAddresses": TEXT,
    "scanType": TEXT,
    "scanID": Kind(LONG64, lowest="0"),
    "ebState": TEXT,
    "pbState": TEXT,
    "errorMessages": TEXT,
    "lastCommand": TEXT,
    "transactionID": TEXT,
    "commandedState": TEXT,
    "commandedObsState": Kind(ENUM, ObsState),
}
CONSTANT = {"versionId", "sdpVersion"}
"""Attributes that never change, so that only the first event has them."""

TAKE_TEXT = {"AssignResources", "ReleaseResources", "Configure", "Scan"}
COMMANDS = {
    "controller": {"On", "Standby", "Off", "Disable"},
    "subarray": set(PATHS),
}
OF_TANGO = {"Init", "State", "Status"}

PB = "pb-a"


@pytest.fixture(params=["controller", "subarray"])
def which(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def devices() -> Iterator[dict[str, Any]]:
    """Both devices, once: each start of a server in one process is a risk on a busy machine.

    Tango ends the process if the thread that it starts runs before its own start is complete.
    """
    with served_in_memory() as (controller, subarray):
        yield {"controller": controller, "subarray": subarray}


def test_attributes_match_reference(devices: dict[str, Any], which: str) -> None:
    device = devices[which]
    expected = CONTROLLER if which == "controller" else SUBARRAY
    assert set(device.get_attribute_list()) == set(expected)
    for name, kind in expected.items():
        config = device.get_attribute_config(name)
        found = Kind(
            config.data_type,
            tuple(config.enum_labels),
            config.unit,
            config.min_value,
            config.max_dim_x,
            config.writable == tango.AttrWriteType.READ_WRITE,
        )
        assert found == kind._replace(labels=tuple(each.name for each in kind.labels)), name
        assert config.label, name
        if name in ("State", "Status"):
            # Tango's own attributes; their texts can be set in its database alone.
            continue
        assert len(config.description) > 10, name
        assert config.description != "No description", name


def test_commands_match_reference(devices: dict[str, Any], which: str) -> None:
    found = {each.cmd_name: each for each in devices[which].command_list_query()}
    assert set(found) == COMMANDS[which] | OF_TANGO
    for name in COMMANDS[which]:
        takes = STRING if name in TAKE_TEXT else tango.CmdArgType.DevVoid
        assert (found[name].in_type, found[name].out_type) == (takes, tango.CmdArgType.DevVoid)
        assert len(found[name].in_type_desc) > 10
        assert found[name].in_type_desc != "Uninitialised"


def test_every_attribute_pushes_change_events(devices: dict[str, Any]) -> None:
    attributes = {"controller": list(CONTROLLER), "subarray": list(SUBARRAY)}
    kinds = ("CHANGE_EVENT", "ARCHIVE_EVENT")
    with ExitStack() as stack:
        # Without polling, Tango accepts a subscription only if events are pushed from code.
        received = [
            (devices[which], names, Events(devices[which], *names, kind=kind))
            for which, names in attributes.items()
            for kind in kinds
        ]
        for _, _, events in received:
            stack.enter_context(events)
        with Config(backend="memory") as config:
            _observe(config, devices["controller"], devices["subarray"])
        for device, names, events in received:
            _check_events(device, names, events)


def _check_events(device: Any, names: list[str], events: Events) -> None:
    """Check that each change was received once, and that reads return the last value."""
    for name in set(names) - CONSTANT:
        expected = f"the last {name} is received"
        wait_until(lambda name=name: events.of(name), what=expected)  # type: ignore[misc]
        wait_until(
            lambda name=name: _plain(events.of(name)[-1]) == _read(device, name),  # type: ignore[misc]
            what=expected,
        )
    for name in names:
        values = [_plain(value) for value in events.of(name)]
        assert name not in CONSTANT or values == []
        assert all(before != after for before, after in itertools.pairwise(values)), name


def _read(device: Any, name: str) -> Any:
    return _plain(device.read_attribute(name).value)


def _plain(value: Any) -> Any:
    """Return the value, a list for a spectrum; Tango returns None for an empty one."""
    return list(value or ()) if value is None or isinstance(value, tuple) else value


def _observe(config: Config, controller: Any, subarray: Any) -> None:
    """Change every attribute, and end in FAULT."""
    for device in (controller, subarray):
        device.adminMode = AdminMode.ENGINEERING
        device.On()
    for txn in config.txn():
        txn.create("/component/proccontrol/owner", "{}")
        txn.create("/component/helmdeploy/owner", "{}")
        txn.create("/resource/capacity-buffer", '{"available_mb": 1234}')
    wait_until(lambda: subarray.healthState == HealthState.OK)
    subarray.AssignResources(assign_text(((PB, "vis-receive"),)))
    # The controller lists only active blocks, and must have read them by then.
    wait_until(lambda: PB in controller.processingBlocks)
    write_state(
        config,
        PB,
        status="RUNNING",
        resources_available=True,
        receive_addresses={"science": {}},
    )
    name_receiver(config, EB, PB)
    wait_until(lambda: subarray.obsState == ObsState.IDLE)
    subarray.Configure('{"scan_type": "science"}')
    subarray.Scan('{"scan_id": 5}')
    write_state(config, PB, status="FAILED", reason="no space")
    wait_until(lambda: subarray.obsState == ObsState.FAULT)
