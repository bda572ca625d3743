"""Uses of a server of a subarray that lead to kill points, and the checks of their promises.

The names of the functions are the keys of ``DEVICE_PROMISES``.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_lmc.runtime.ior import address_of
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.process import StartError
from tests.devices.conftest import Events, obs_states
from tests.e2e.subarray import Subarray, is_connected
from tests.faults.cut_server import CUT
from tests.support.scripts import assignment, entry, new_id
from tests.support.waiting import CALL, wait_until

__all__ = ["DEVICE_SCENES", "CutServer", "DeviceScene", "assign", "release"]

OTHER_PID = 1
"""Process that the Tango database names for another server."""

CHECKS = 3
"""Connections of a server that checks another one, before it is certain to keep it."""


class CutServer(DeviceServer):
    """Server whose calls are cut; see ``cut_server.py``.

    Attributes:
        cut: the file with its next cut.
    """

    def __init__(
        self, name: str, devices: list[str], directory: Path, settings: Mapping[str, str]
    ) -> None:
        super().__init__(name, devices, directory, settings)
        self.cut = directory / "cut.json"

    def command(self) -> list[str]:
        _, *arguments = super().command()
        return [sys.executable, "-m", "tests.faults.cut_server", str(self.cut), *arguments]


@dataclass(frozen=True)
class DeviceScene:
    """A running server of one subarray in obsState EMPTY, and its databases.

    Attributes:
        server: the server.
        tango_db: the Tango database.
        config: the configuration database.
        begin: begins to cut; called once, after the preparation.
    """

    server: CutServer
    tango_db: tango.Database
    config: Config
    begin: Callable[[], None]

    @property
    def device(self) -> str:
        return self.server.devices[0]

    @property
    def admin(self) -> str:
        return f"dserver/{self.server.name}"

    def is_cut(self) -> bool:
        return not self.server.cut.exists()

    def subarray(self) -> Subarray:
        """Return a new client of the subarray, once that is connected to its database."""

        def connected() -> Subarray | None:
            try:
                found = Subarray(f"tango://{self.server.settings['TANGO_HOST']}/{self.device}")
            except tango.DevFailed:
                # Tango attempts no connection within a second of a failed one.
                return None
            return found if is_connected(found) else None

        found = wait_until(connected)
        assert found is not None
        return found

    def is_registered(self) -> bool:
        """Return whether the Tango database names this process for all its devices."""
        found = [self.tango_db.get_device_info(name) for name in (self.admin, self.device)]
        return all(each.exported and each.pid == self.server.process.pid for each in found)

    def command_count(self) -> int:
        return int(entry(self.config).get("command_count", 0))


def assign(subarray: Subarray) -> None:
    """Lead from EMPTY to IDLE; RESOURCING is transient."""
    subarray.command("AssignResources", assignment(new_id("eb"), {}))


def release(subarray: Subarray) -> None:
    """Lead from IDLE to EMPTY; RESOURCING is transient."""
    subarray.command("ReleaseAllResources")
    assert subarray.obs_state == "EMPTY"


def starts(scene: DeviceScene) -> None:
    scene.server.stop()
    scene.begin()
    scene.server.start()
    assert scene.is_cut()


def starts_again(scene: DeviceScene) -> None:
    scene.server.stop()
    scene.begin()
    with pytest.raises(StartError, match=CUT):
        scene.server.start()
    assert scene.is_cut()
    scene.server.start()


def registers(scene: DeviceScene) -> None:
    scene.begin()
    scene.tango_db.unexport_server(scene.server.name)
    wait_until(scene.is_cut)
    wait_until(scene.is_registered)


def keeps_other(scene: DeviceScene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(CALL)
        replace_by(scene, other.getsockname()[1])
        scene.begin()
        checks = 0

        def is_certain() -> bool:
            nonlocal checks
            other.accept()[0].close()
            checks += scene.is_cut()
            return checks >= CHECKS

        wait_until(is_certain, CALL, "the server keeps the other one")
        assert scene.tango_db.get_device_info(scene.admin).pid == OTHER_PID
    wait_until(scene.is_registered)


def replace_by(scene: DeviceScene, port: int) -> None:
    """Register a process that listens at a port instead of the server."""
    found = scene.tango_db.import_device(scene.admin)
    own = address_of(found.ior)[1]
    body = bytes.fromhex(found.ior.removeprefix("IOR:"))
    order = "<H" if body[0] else ">H"
    other = tango.DbDevExportInfo()
    other.name, other.host, other.version = scene.admin, "localhost", found.version
    other.pid = OTHER_PID
    other.ior = f"IOR:{body.replace(struct.pack(order, own), struct.pack(order, port)).hex()}"
    assert address_of(other.ior)[1] == port
    scene.tango_db.export_device(other)


def publishes(scene: DeviceScene) -> None:
    subarray = scene.subarray()
    with Events(subarray.proxy, "obsState") as events:
        count = scene.command_count()
        scene.begin()
        assign(subarray)
        assert scene.is_cut()
        assert subarray.obs_state == "IDLE"
        assert scene.command_count() == count + 1
        release(subarray)
        wait_until(lambda: events.of("obsState")[-2:] == obs_states("RESOURCING EMPTY"))
    # A lost push loses an event of one kind at most, and no event is repeated.
    received = events.of("obsState")
    expected = obs_states("RESOURCING IDLE RESOURCING EMPTY")
    assert received == expected or received in [
        expected[:place] + expected[place + 1 :] for place in range(2)
    ]


def fails_init(scene: DeviceScene) -> None:
    subarray = scene.subarray()
    scene.begin()
    with pytest.raises(tango.DevFailed, match=CUT):
        subarray.command("Init")
    assert scene.is_cut()
    assign(subarray)
    subarray.wait_for("IDLE")
    release(subarray)
    subarray.command("Init")
    wait_until(lambda: subarray.proxy.state() == tango.DevState.ON)


def shows_setting(scene: DeviceScene) -> None:
    subarray = scene.subarray()
    name = "TimeoutConfigure"
    scene.tango_db.put_device_property(scene.device, {name: ["soon"]})
    try:
        scene.begin()
        with pytest.raises(tango.DevFailed, match=name):
            subarray.command("Init")
        assert scene.is_cut()
        assert subarray.proxy.state() == tango.DevState.FAULT
        assert name in subarray.proxy.status()
    finally:
        # The next scene uses the same subarray.
        scene.tango_db.delete_device_property(scene.device, name)
    subarray.command("Init")
    wait_until(lambda: subarray.proxy.state() == tango.DevState.ON)


DEVICE_SCENES: Mapping[str, Callable[[DeviceScene], None]] = {
    each.__name__: each
    for each in (
        starts,
        starts_again,
        registers,
        keeps_other,
        publishes,
        fails_init,
        shows_setting,
    )
}
