"""DevRestart of a device while it publishes: its server keeps running."""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import tango

from ska_sdp_config import Config
from ska_sdp_config.lmc.states import AdminMode
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.scripts import change
from tests.support.waiting import wait_until

from .bare_server import PATIENCE_MS, SUBARRAY, Server
from .slow_server import END_TIMEOUT_S

RESTARTS = 3

ENTRY = "/lmc/subarray/01"


class SlowServer(Server):
    """Process of SDPSubarray whose events take long to push."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.devices.slow_server", *super().command()[1:]]


@contextlib.contextmanager
def admin_mode_changing(etcd: Etcd) -> Iterator[None]:
    """Change the mode of the subarray all the time, in the database, and with it its State."""
    over = threading.Event()

    def write() -> None:
        with Config(backend="etcd3", host=etcd.host, port=etcd.port) as config:
            for mode in itertools.cycle((AdminMode.OFFLINE, AdminMode.ONLINE)):
                change(config, ENTRY, admin_mode=mode.name)
                if over.is_set() and mode is AdminMode.ONLINE:
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


def test_server_survives_restarts_of_a_device_that_publishes(
    tmp_path: Path, broken_etcd: Etcd
) -> None:
    broken_etcd.start()
    where = {"SDP_CONFIG_HOST": broken_etcd.host, "SDP_CONFIG_PORT": str(broken_etcd.port)}
    with SlowServer(tmp_path, [SUBARRAY], **where) as server:
        subarray, admin = server.proxy(SUBARRAY), server.proxy("dserver/SDPSubarray/01")
        admin.set_timeout_millis(PATIENCE_MS + int(1000 * END_TIMEOUT_S))
        with admin_mode_changing(broken_etcd):
            for _ in range(RESTARTS):
                wait_until(lambda: subarray.state() == tango.DevState.DISABLE)
                admin.DevRestart(SUBARRAY)
        wait_until(lambda: subarray.state() == tango.DevState.OFF)
        assert server.running
        # The threads of each device ended before it.
        assert "still runs" not in server.process.output()
