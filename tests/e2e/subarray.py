"""Client of one subarray."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tango

from ska_sdp_config.lmc.states import ObsState
from ska_sdp_sim.demo.content import Content, configure, scan
from tests.support.waiting import wait_until

CLIENT_TIMEOUT_MS = 20_000
"""Client timeout of a command, longer than any timeout of the server so that its error arrives."""


class Subarray:
    """A client of one subarray, like the telescope manager."""

    def __init__(self, trl: str) -> None:
        self.trl = trl
        self.proxy = tango.DeviceProxy(trl)
        self.proxy.set_timeout_millis(CLIENT_TIMEOUT_MS)

    def command(self, name: str, argument: str | None = None) -> None:
        if argument is None:
            self.proxy.command_inout(name)
        else:
            self.proxy.command_inout(name, argument)

    def rejection(self, name: str, argument: str | None = None) -> tango.DevError:
        """Send a command that must be rejected; return the first entry of the error."""
        with pytest.raises(tango.DevFailed) as failed:
            self.command(name, argument)
        return failed.value.args[0]

    @property
    def obs_state(self) -> str:
        return ObsState(self.read("obsState")).name

    def read(self, attribute: str) -> Any:
        return self.proxy.read_attribute(attribute).value

    def wait_for(self, obs_state: str, within: float = 30.0) -> None:
        wait_until(
            lambda: self.obs_state == obs_state, within, f"{obs_state}, not {self.obs_state}"
        )

    def assign(self, content: Content | None = None) -> Content:
        content = content or quick()
        self.command("AssignResources", json.dumps(content.message))
        self.wait_for("IDLE")
        return content

    def configure(self, scan_type: str) -> None:
        self.command("Configure", configure(scan_type))
        self.wait_for("READY")

    def start_scan(self, scan_id: int) -> None:
        self.command("Scan", scan(scan_id))
        assert self.obs_state == "SCANNING"


def quick() -> Content:
    """Return the demo's messages with new IDs and without delays."""
    content = Content.new()
    for block in content.message["processing_blocks"]:
        block["parameters"] |= {"time-to-resource": 0.05, "time-to-ready": 0.05, "duration": 0.1}
    return content


def answers(trl: str) -> bool:
    """Return whether a new client reaches a device."""
    try:
        return bool(tango.DeviceProxy(trl).ping() >= 0)
    except tango.DevFailed:
        # Tango attempts no connection within a second of a failed one.
        return False


def is_connected(subarray: Subarray) -> bool:
    """Return whether the subarray responds and is connected to its database."""
    try:
        return bool(subarray.proxy.state() != tango.DevState.INIT)
    except tango.DevFailed:
        return False
