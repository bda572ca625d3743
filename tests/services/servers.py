"""Device servers of subarrays, on databases of the test's choice."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_lmc.ops.tango_db.data import Registration
from ska_sdp_lmc.ops.tango_db.register import register
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.tango_db import TangoDatabase

ServeSubarrays = Callable[..., list[DeviceServer]]

_numbers = itertools.count()


def trl_of(server: DeviceServer, place: int = 0) -> str:
    """Return the resource locator of a device, by its place in the server."""
    return f"tango://{server.settings['TANGO_HOST']}/{server.devices[place]}"


@contextmanager
def serving(tango_db: TangoDatabase, directory: Path) -> Iterator[ServeSubarrays]:
    """Start servers of subarrays, which a test may break, and wait until they are ready.

    Call what it yields with the port of an etcd, the numbers of the subarrays, a list for each
    server, and device properties by name. By default no components are required.
    """
    with ExitStack() as running:

        def serve(
            etcd_port: int, *numbers: Sequence[str], **properties: Any
        ) -> list[DeviceServer]:
            # Names of their own: the Tango database keeps the properties of others.
            prefix = f"e2e{next(_numbers)}"
            settings = {
                "TANGO_HOST": tango_db.tango_host,
                "SDP_CONFIG_HOST": "127.0.0.1",
                "SDP_CONFIG_PORT": str(etcd_port),
            }
            texts = {"RequiredComponents": ["none"]}
            texts |= {name: [str(value)] for name, value in properties.items()}
            servers = []
            for place, those in enumerate(numbers):
                name = f"SDPSubarray/{prefix}-{place}"
                devices = [f"{prefix}-sdp/subarray/{number}" for number in those]
                register(
                    tango_db.connect(),
                    [Registration(name, "SDPSubarray", device, texts) for device in devices],
                )
                servers.append(DeviceServer(name, devices, directory, settings))
            for server in servers:
                server.launch()
                running.callback(server.stop)
            for server in servers:
                server.wait()
            return servers

        yield serve


@pytest.fixture
def serve_subarrays(
    tango_db: TangoDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServeSubarrays]:
    """Starts servers of subarrays; see ``serving``."""
    with serving(tango_db, tmp_path_factory.mktemp("servers")) as serve:
        yield serve
