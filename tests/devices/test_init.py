"""Init with invalid settings: they are published, and commands are rejected."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import HealthState
from ska_sdp_lmc.devices import base, init
from ska_sdp_lmc.devices.controller import SDPController
from ska_sdp_lmc.devices.subarray import SDPSubarray
from ska_sdp_lmc.observability.process import PROCESS, Process, Served
from tests.support.waiting import wait_until

from .bare_server import SUBARRAY
from .conftest import CONTROLLER, Start, rejection, running_loops, stored

Set = Callable[[str], None]


@pytest.fixture
def set_timeout(subarray: Any) -> Set:
    """Function that sets TimeoutConfigure, which the subarray reads at its next Init."""
    database = tango.Util.instance().get_database()
    return lambda value: database.put_device_property(SUBARRAY, {"TimeoutConfigure": value})


def test_invalid_property_disables_device_until_next_init(
    subarray: Any, set_timeout: Set, config: Config
) -> None:
    set_timeout("soon")
    try:
        fault = f"{SUBARRAY}: Invalid value 'soon' for device property TimeoutConfigure"
        reason, text = rejection(subarray.Init)
        assert reason == "LMC_BadSetting"
        assert text.startswith(fault)
        assert subarray.state() == tango.DevState.FAULT
        assert subarray.status().startswith(fault)
        assert subarray.read_attribute("obsState").quality == tango.AttrQuality.ATTR_INVALID
        assert subarray.healthState == HealthState.FAILED
        assert subarray.healthInfo[0].startswith(fault)
        (unready,) = (each for each in PROCESS.why_not_ready() if each.device == SUBARRAY)
        assert unready.code == "device-unfit"
        assert unready.sentence.startswith(fault)
        before = stored(config, "/lmc/subarray/01")
        assert rejection(subarray.On)[1].startswith(f"On was not carried out: {fault}")
        with pytest.raises(tango.DevFailed, match="was not carried out"):
            subarray.adminMode = 2
        assert stored(config, "/lmc/subarray/01") == before
    finally:
        set_timeout("60")
    subarray.Init()
    wait_until(lambda: subarray.state() == tango.DevState.OFF)
    wait_until(lambda: subarray.healthState == HealthState.OK)
    subarray.On()
    assert subarray.lastCommand == "On"
    assert [each for each in PROCESS.why_not_ready() if each.device == SUBARRAY] == []


@pytest.mark.parametrize(
    ("device", "name"), [(SDPController, CONTROLLER), (SDPSubarray, SUBARRAY)]
)
def test_defaults_of_the_property_wizard_are_accepted(
    start: Start, device: type[tango.server.Device], name: str
) -> None:
    proxies = dict(zip((CONTROLLER, SUBARRAY), start(), strict=True))
    util = tango.Util.instance()
    # A flat list of name, description and default of each property, as Tango's tools read it.
    wizard = list(util.get_dserver_device().query_dev_prop(device.__name__))
    defaults = dict(zip(wizard[::3], wizard[2::3], strict=True))
    assert set(defaults.values()) == {"None", ""}
    util.get_database().put_device_property(name, defaults)
    try:
        proxies[name].Init()
        wait_until(lambda: proxies[name].state() in (tango.DevState.OFF, tango.DevState.STANDBY))
    finally:
        util.get_database().delete_device_property(name, list(defaults))


def test_changed_property_is_written_to_the_entry(
    subarray: Any, set_timeout: Set, config: Config
) -> None:
    subarray.On()

    def stored_timeout() -> float:
        settings = json.loads(stored(config, "/lmc/subarray/01") or "")["settings"]
        return float(settings["timeout_configure"])

    assert stored_timeout() == 60
    set_timeout("7")
    try:
        subarray.Init()
        wait_until(lambda: stored_timeout() == 7)
    finally:
        set_timeout("60")
    subarray.Init()
    wait_until(lambda: stored_timeout() == 60)


def test_init_changes_nothing_once_the_device_has_a_successor(
    subarray: Any,
    subarray_device: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = subarray_device._served

    def create_successor(name: str) -> None:
        monkeypatch.setitem(init._newest_instance_id, name, object())

    monkeypatch.setattr(init, "check_tango_database", create_successor)
    with caplog.at_level(logging.INFO, logger=init.__name__):
        subarray.Init()
    assert [each.levelname for each in caplog.records if each.name == init.__name__] == ["INFO"]
    assert subarray_device._served is before
    assert subarray.state() == tango.DevState.OFF


def test_device_that_is_restarted_during_init_leaves_its_successor_alone(
    subarray: Any, subarray_device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of DevRestart, which deletes a device after its last call has ended."""
    monkeypatch.setattr(base, "END_TIMEOUT_S", 60.0)
    successor = replace(subarray_device._served)
    begin, pending = Process.begin, [PROCESS.begin]

    def begin_successor_after(*arguments: Any) -> None:
        begin(*arguments)
        if pending:
            pending.pop()(successor)

    def served() -> list[Served]:
        return [each for each in PROCESS.served() if each.name == SUBARRAY]

    try:
        with monkeypatch.context() as patch:
            patch.setattr(Process, "begin", begin_successor_after)
            subarray.Init()
        assert successor in served()
        subarray_device.delete_device()
        assert served() == [successor]
        assert running_loops() == 0
    finally:
        PROCESS.end(successor)
