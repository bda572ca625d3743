"""Concurrent clients: the state is checked in the transaction, so one command is rejected."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tango

from ska_sdp_sim.demo.content import scan
from ska_sdp_sim.stack.local import LocalStack
from tests.e2e.subarray import Subarray
from tests.services.second_server import SecondServer
from tests.support.waiting import wait_until

TIMES = 50


@pytest.fixture
def same_subarray(stack: LocalStack, subarray: Subarray, tmp_path: Path) -> Iterator[Subarray]:
    settings = {name: stack.environment[name] for name in ("SDP_CONFIG_HOST", "SDP_CONFIG_PORT")}
    with SecondServer(subarray.proxy.dev_name(), tmp_path, settings) as server:
        yield Subarray(server.trl)


@pytest.mark.long
def test_exactly_one_of_two_scans_is_accepted(subarray: Subarray, same_subarray: Subarray) -> None:
    subarray.configure(subarray.assign().scan_types[0])
    wait_until(lambda: same_subarray.obs_state == "READY")
    # Without the timeout, the failure of one client would block the other indefinitely.
    start = threading.Barrier(2, timeout=60)
    rejections: dict[str, list[str]] = {}

    def send(client: Subarray) -> None:
        start.wait()
        for scan_id in range(TIMES):
            start.wait()
            try:
                client.command("Scan", scan(scan_id))
            except tango.DevFailed as failed:
                rejections.setdefault(str(scan_id), []).append(failed.args[0].desc)
            start.wait()
            if client is subarray:
                subarray.command("EndScan")
                wait_until(lambda: same_subarray.obs_state == "READY")
            start.wait()

    with ThreadPoolExecutor(2) as threads:
        # The list raises the failure of a thread.
        list(threads.map(send, (subarray, same_subarray)))
    assert rejections == {
        str(scan_id): ["Command Scan not allowed when obsState is SCANNING; allowed in READY"]
        for scan_id in range(TIMES)
    }
