"""Init again: settings that cannot be are shown, and keep the device from doing anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_lmc.health.process import PROCESS
from ska_sdp_lmc.model.states import HealthState
from tests.waiting import wait_until

from .bare_server import SUBARRAY

Set = Callable[[str], None]


@pytest.fixture
def set_timeout(subarray: Any) -> Set:
    """Sets TimeoutConfigure, which the subarray takes up at its next Init."""
    database = tango.Util.instance().get_database()
    return lambda value: database.put_device_property(SUBARRAY, {"TimeoutConfigure": value})


def test_a_property_that_cannot_be(subarray: Any, set_timeout: Set, config: Config) -> None:
    set_timeout("soon")
    try:
        with pytest.raises(tango.DevFailed):
            subarray.Init()
        fault = f"{SUBARRAY}: The device property TimeoutConfigure cannot be 'soon'"
        assert subarray.state() == tango.DevState.FAULT
        assert subarray.status().startswith(fault)
        assert subarray.read_attribute("obsState").quality == tango.AttrQuality.ATTR_INVALID
        assert subarray.healthState == HealthState.FAILED
        assert subarray.healthInfo[0].startswith(fault)
        (reason,) = (each for each in PROCESS.why_not_ready() if each.device == SUBARRAY)
        assert reason.code == "device-unfit"
        assert reason.sentence.startswith(fault)
        for txn in config.txn():
            before = txn.get("/lmc/subarray/01")
        with pytest.raises(tango.DevFailed) as refused:
            subarray.On()
        assert refused.value.args[0].desc.startswith(f"On was not carried out: {fault}")
        with pytest.raises(tango.DevFailed, match="was not carried out"):
            subarray.adminMode = 2
        for txn in config.txn():
            assert txn.get("/lmc/subarray/01") == before
    finally:
        set_timeout("60")
    subarray.Init()
    wait_until(lambda: subarray.state() == tango.DevState.OFF)
    wait_until(lambda: subarray.healthState == HealthState.OK)
    subarray.On()
    assert subarray.lastCommand == "On"
    assert [each for each in PROCESS.why_not_ready() if each.device == SUBARRAY] == []
