"""The registration of a server in the Tango database: it is restored, and it delays no device."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tango

from ska_sdp_lmc.runtime.registration import CHECK_INTERVAL_S
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.e2e.subarray import answers
from tests.services.servers import ServeSubarrays, serving, trl_of
from tests.support.in_time import in_time
from tests.support.waiting import LATE, wait_until

WITHIN = 10.0
"""Time until a new client finds the remaining server, in seconds."""

REPLY_WITHIN_MS = 30_000
"""Timeout of a command that waits for the Tango database, in milliseconds."""


@pytest.fixture
def earlier(
    etcd_server: Callable[..., Etcd], serve_subarrays: ServeSubarrays
) -> Iterator[DeviceServer]:
    (server,) = serve_subarrays(etcd_server().port, ["01"])
    yield server
    server.resume()


@pytest.fixture
def later(earlier: DeviceServer, tmp_path: Path) -> Iterator[DeviceServer]:
    """A second server of the same device, started while the first one is frozen."""
    server = DeviceServer(earlier.name, earlier.devices, tmp_path, earlier.settings)
    earlier.pause()
    server.start()
    earlier.resume()
    yield server
    server.stop()


def registered(server: DeviceServer, tango_db: TangoDatabase) -> int:
    """Return the process that the Tango database names for a server's device; 0 if none."""
    info = tango_db.connect().get_device_info(server.devices[0])
    return int(info.pid) if info.exported else 0


def reached(server: DeviceServer, tango_db: TangoDatabase) -> bool:
    """Whether a new client reaches the device in that server."""
    return answers(trl_of(server)) and registered(server, tango_db) == server.process.pid


@pytest.mark.long
@pytest.mark.parametrize(
    ("is_later", "end"),
    [
        pytest.param(True, DeviceServer.kill, id="the later is killed"),
        pytest.param(True, DeviceServer.stop, id="the later is stopped"),
        pytest.param(False, DeviceServer.stop, id="the earlier is stopped"),
    ],
)
def test_remaining_server_registers_again(
    earlier: DeviceServer,
    later: DeviceServer,
    tango_db: TangoDatabase,
    end: Callable[[DeviceServer], None],
    is_later: bool,
) -> None:
    assert registered(earlier, tango_db) == later.process.pid
    ended, survivor = (later, earlier) if is_later else (earlier, later)
    end(ended)
    with in_time(WITHIN):
        wait_until(lambda: reached(survivor, tango_db), 3 * WITHIN)


@pytest.mark.long
def test_suspended_tango_database_delays_no_device(
    etcd_server: Callable[..., Etcd],
    tango_database: Callable[[], TangoDatabase],
    tmp_path: Path,
) -> None:
    tango_db = tango_database()
    with serving(tango_db, tmp_path) as serve:
        (server,) = serve(etcd_server().port, ["01"])
        device = tango.DeviceProxy(trl_of(server))
        device.ping()
        tango_db.pause()
        try:
            end = time.monotonic() + 4 * CHECK_INTERVAL_S
            while time.monotonic() < end:
                with in_time(LATE):
                    device.read_attribute("obsState")
        finally:
            tango_db.resume()


@pytest.mark.long
def test_init_with_a_suspended_tango_database_delays_no_device(
    etcd_server: Callable[..., Etcd],
    tango_database: Callable[[], TangoDatabase],
    tmp_path: Path,
) -> None:
    tango_db = tango_database()
    with serving(tango_db, tmp_path) as serve:
        (server,) = serve(etcd_server().port, ["01", "02"])
        devices = [tango.DeviceProxy(trl_of(server, place)) for place in range(2)]
        for device in devices:
            device.ping()
        devices[0].set_timeout_millis(REPLY_WITHIN_MS)
        tango_db.pause()
        try:
            init = devices[0].command_inout_asynch("Init")
            end = time.monotonic() + 4 * CHECK_INTERVAL_S
            while time.monotonic() < end:
                for device in devices:
                    with in_time(LATE):
                        device.read_attribute("obsState")
            with pytest.raises(tango.DevFailed, match="API_DeviceTimedOut"):
                devices[0].command_inout_reply(init, REPLY_WITHIN_MS)
            devices[0].command_inout("On")
            wait_until(lambda: devices[0].state() == tango.DevState.ON)
        finally:
            tango_db.resume()


@pytest.mark.long
def test_server_does_not_replace_a_running_one(
    earlier: DeviceServer, later: DeviceServer, tango_db: TangoDatabase
) -> None:
    # No event reports that the registration stays, so poll it for the time of four checks.
    end = time.monotonic() + 4 * CHECK_INTERVAL_S
    while time.monotonic() < end:
        assert registered(earlier, tango_db) == later.process.pid
        time.sleep(CHECK_INTERVAL_S / 10)
