"""Concurrent subarrays in one server and in several: no event is lost or out of order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ska_sdp_sim.stack.etcd import Etcd
from tests.e2e.event_recorder import EventRecorder
from tests.e2e.subarray import Subarray
from tests.services.servers import ServeSubarrays, trl_of
from tests.support.scripts import assignment, new_id
from tests.support.size import sized

Layout = Callable[[int], list[list[str]]]


def one_server(count: int) -> list[list[str]]:
    return [[f"{number:02}" for number in range(1, count + 1)]]


def a_server_each(count: int) -> list[list[str]]:
    return [[f"{number:02}"] for number in range(1, count + 1)]


def ready(etcd: Etcd, serve: ServeSubarrays, numbers: list[list[str]]) -> list[Subarray]:
    """Serve subarrays, and lead all to READY."""
    # Sixteen at once on two cores: the last to be served waits for all others.
    servers = serve(etcd.port, *numbers, TimeoutDatabase=20)
    subarrays = [
        Subarray(trl_of(server, place))
        for server in servers
        for place in range(len(server.devices))
    ]
    for subarray in subarrays:
        subarray.proxy.set_timeout_millis(30_000)
        subarray.command("On")
        subarray.command("AssignResources", assignment(new_id("eb"), {}))
        subarray.configure("science")
    return subarrays


def observe(subarrays: list[Subarray], scans: int) -> None:
    """Run the scans of all subarrays concurrently."""
    start = threading.Barrier(len(subarrays))

    def scan(subarray: Subarray) -> None:
        start.wait()
        for scan_id in range(1, scans + 1):
            subarray.start_scan(scan_id)
            subarray.command("EndScan")

    with ThreadPoolExecutor(len(subarrays)) as threads:
        # The list raises the failure of a thread.
        list(threads.map(scan, subarrays))


@pytest.mark.long
@pytest.mark.parametrize("layout", [one_server, a_server_each])
@pytest.mark.parametrize(
    ("count", "scans"),
    [pytest.param(4, 10, id="four"), pytest.param(16, sized(80), id="sixteen")],
)
def test_concurrent_subarrays_send_all_events(
    etcd_server: Callable[..., Etcd],
    serve_subarrays: ServeSubarrays,
    layout: Layout,
    count: int,
    scans: int,
) -> None:
    subarrays = ready(etcd_server(), serve_subarrays, layout(count))
    with EventRecorder(subarrays, "obsState", "scanID") as recorder:
        observe(subarrays, scans)
        recorder.prove()
        scan_ids = [value for number in range(1, scans + 1) for value in (number, 0)]
        for subarray in subarrays:
            assert recorder.of("obsState", subarray) == ["SCANNING", "READY"] * scans
            assert recorder.of("scanID", subarray) == scan_ids
