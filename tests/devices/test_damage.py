"""Devices do not change damaged documents, and report their paths."""

from __future__ import annotations

from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import AdminMode, ObsState
from tests.support.waiting import wait_until

from .conftest import EB, Start, assign_text, rejection, stored, stored_entry

EB_PATH = f"/eb/{EB}"
NO_OBJECT = ["5", "{"]


def put(config: Config, path: str, text: str) -> None:
    for txn in config.txn():
        (txn.raw.create if txn.raw.get(path) is None else txn.raw.update)(path, text)


@pytest.mark.parametrize("path", [EB_PATH, f"{EB_PATH}/state"])
@pytest.mark.parametrize("text", NO_OBJECT)
def test_scan_does_not_change_damaged_block(
    subarray: Any, config: Config, path: str, text: str
) -> None:
    subarray.On()
    subarray.AssignResources(assign_text())
    subarray.Configure('{"scan_type": "science"}')
    put(config, path, text)
    info = f"{path} holds no JSON object"
    wait_until(lambda: any(line.startswith(info) for line in subarray.healthInfo))
    expected = "API_CommandFailed", f"Execution block {EB} is missing"
    assert rejection(subarray.Scan, '{"scan_id": 1}') == expected
    assert stored(config, path) == text
    subarray.adminMode = AdminMode.ENGINEERING
    assert subarray.obsState == ObsState.READY
    # Abort and Restart are still accepted, and keep the document too.
    subarray.Abort()
    subarray.Restart()
    assert stored(config, path) == text


@pytest.mark.parametrize("text", NO_OBJECT)
def test_command_does_not_replace_damaged_entry(start: Start, config: Config, text: str) -> None:
    controller, subarray = start(RequiredComponents="none")
    for device, path in ((controller, "/lmc/controller"), (subarray, "/lmc/subarray/01")):
        put(config, path, text)
        info = f"{path} holds no JSON object"
        wait_until(lambda: any(line.startswith(info) for line in device.healthInfo))  # noqa: B023
        expected = f"{info}: fix it, or delete it to reset the device"
        assert rejection(device.On) == ("API_CommandFailed", expected)
        reason, desc = rejection(setattr, device, "adminMode", AdminMode.OFFLINE)
        assert (reason, desc) == ("API_CommandFailed", expected)
        assert stored(config, path) == text
        assert device.adminMode == AdminMode.ONLINE
        for txn in config.txn():
            txn.raw.delete(path)
        wait_until(lambda: not any(info in line for line in device.healthInfo or ()))  # noqa: B023
        device.On()
        assert device.state() == tango.DevState.ON


@pytest.mark.parametrize("text", NO_OBJECT)
def test_settings_are_written_when_the_entry_is_readable_again(
    subarray: Any, config: Config, text: str
) -> None:
    path = "/lmc/subarray/01"
    put(config, path, text)
    subarray.Init()
    wait_until(lambda: any("holds no JSON object" in line for line in subarray.healthInfo or ()))
    put(config, path, "{}")
    wait_until(lambda: "settings" in stored_entry(config))
    assert stored_entry(config)["settings"]["required_components"] == []
