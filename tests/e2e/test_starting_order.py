"""Servers that start before their databases: they log the reason and connect later."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import tango

from ska_sdp_lmc.ops.tango_db.data import read
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.ports import free_port
from ska_sdp_sim.stack.tango_db import TangoDatabaseServer
from tests.services.etcd import QUICK
from tests.services.tango_db import Kind
from tests.support.waiting import wait_until

SUBARRAY = "test-sdp/subarray/01"
CONTROLLER = "test-sdp/control/0"
PATIENCE = 30.0


class Start:
    """Two running servers, and their databases, which are not started yet."""

    def __init__(self, directory: Path, kind: Kind) -> None:
        self.etcd = Etcd(directory, port=free_port(), flags=QUICK)
        self.tango_db: TangoDatabaseServer = kind(directory, port=free_port())
        settings = {
            "TANGO_HOST": self.tango_db.tango_host,
            "SDP_CONFIG_HOST": self.etcd.host,
            "SDP_CONFIG_PORT": str(self.etcd.port),
            "SDP_LMC_REQUIRED_COMPONENTS": "",
        }
        self.servers = [
            DeviceServer(name, [device], directory, settings)
            for name, device in (("SDPController/0", CONTROLLER), ("SDPSubarray/01", SUBARRAY))
        ]

    def proxy(self, name: str) -> tango.DeviceProxy:
        return tango.DeviceProxy(f"tango://{self.tango_db.tango_host}/{name}")

    def wait_for_log(self, word: str) -> None:
        """Wait until both servers have logged the reason of their wait."""
        for server in self.servers:
            wait_until(partial(self._has_logged, server, f"{server.name} waits: {word}"), PATIENCE)
            assert server.running

    @staticmethod
    def _has_logged(server: DeviceServer, text: str) -> bool:
        return text in server.process.output()

    def wait_until_up(self) -> None:
        """Wait until both devices serve, in the processes that were started first."""
        for server in self.servers:
            server.wait()
        subarray = self.proxy(SUBARRAY)
        assert subarray.state() == tango.DevState.OFF
        assert self.proxy(CONTROLLER).state() == tango.DevState.STANDBY
        subarray.On()
        assert subarray.state() == tango.DevState.ON


@pytest.fixture
def start(tango_db_kind: Kind, tmp_path: Path) -> Iterator[Start]:
    start = Start(tmp_path, tango_db_kind)
    with ExitStack() as undo:
        undo.callback(start.etcd.stop)
        undo.callback(start.tango_db.__exit__)
        for server in start.servers:
            server.launch()
            undo.callback(server.stop)
        yield start


@pytest.mark.long
def test_server_starts_after_tango_database_then_etcd(start: Start) -> None:
    where = start.tango_db.tango_host
    start.wait_for_log(f"the Tango database at {where} does not answer")
    start.tango_db.start()
    start.wait_for_log("the Tango database has no devices of")
    register(start.tango_db.connect(), read().devices())

    def reports_what_it_waits_for(name: str) -> bool:
        try:
            status = start.proxy(name).status()
        except tango.DevFailed:
            return False
        return bool(status == f"Waits for the configuration database at {start.etcd.endpoint}.")

    for name in (SUBARRAY, CONTROLLER):
        wait_until(partial(reports_what_it_waits_for, name), PATIENCE)
        assert start.proxy(name).state() == tango.DevState.INIT
    start.etcd.start()
    start.wait_until_up()


@pytest.mark.long
def test_server_starts_after_etcd_then_tango_database(start: Start) -> None:
    where = start.tango_db.tango_host
    start.wait_for_log(f"the Tango database at {where} does not answer")
    start.etcd.start()
    start.tango_db.start()
    register(start.tango_db.connect(), read().devices())
    start.wait_until_up()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_waiting_server_stops_on_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    settings = {"TANGO_HOST": f"127.0.0.1:{free_port()}", "SDP_CONFIG_HOST": "127.0.0.1"}
    server = DeviceServer("SDPSubarray/01", [SUBARRAY], tmp_path, settings)
    server.launch()
    try:
        wait_until(lambda: "SDPSubarray/01 waits: " in server.process.output(), PATIENCE)
        server.process.signal(number)
        assert server.process.wait(PATIENCE) == 128 + number
        assert "Traceback" not in server.process.output()
    finally:
        server.kill()
