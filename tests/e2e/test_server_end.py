"""End of a server whose thread checks the registration: no crash, no hang."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.etcd import Etcd
from ska_sdp_sim.stack.tango_db import TangoDatabase
from tests.services.servers import serving

ENDS = 8
"""Without the stop of the checks, the first or second end was a crash or took too long."""


class CheckingServer(DeviceServer):
    """Server that checks its registration all the time."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.e2e.checking_server", *super().command()[1:]]


@pytest.mark.long
def test_server_that_checks_its_registration_ends_without_a_crash(
    etcd_server: Callable[..., Etcd], tango_db: TangoDatabase, tmp_path: Path
) -> None:
    with serving(tango_db, tmp_path) as serve:
        (first,) = serve(etcd_server().port, ["01"])
        first.stop()
        for _ in range(ENDS):
            server = CheckingServer(first.name, first.devices, tmp_path, first.settings)
            server.start()
            # It kills a server that does not end in time.
            server.stop()
            assert server.process.returncode == 0, server.process.ending
