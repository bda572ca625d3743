"""Restart after a kill: all state is in the database, none in the devices."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_sim.stack.device_server import DeviceServer
from ska_sdp_sim.stack.local import LocalStack
from tests.e2e.subarray import Subarray, is_connected
from tests.support.in_time import on_time
from tests.support.waiting import wait_until

SCAN_ID = 4711


@pytest.fixture
def scanning(subarray: Subarray) -> Subarray:
    content = subarray.assign()
    subarray.configure(content.scan_types[0])
    subarray.start_scan(SCAN_ID)
    return subarray


def server_of(stack: LocalStack, subarray: Subarray) -> DeviceServer:
    name = subarray.proxy.dev_name().lower()
    return next(server for server in stack.servers if name in server.devices)


@pytest.mark.long
def test_restarted_server_continues_its_scan(stack: LocalStack, scanning: Subarray) -> None:
    kept = ("scanID", "scanType", "ebID", "receiveAddresses", "resources", "transactionID")
    before = {name: scanning.read(name) for name in kept}
    assert before["scanID"] == SCAN_ID
    assert json.loads(before["receiveAddresses"])
    server = server_of(stack, scanning)
    server.kill()
    with pytest.raises(tango.DevFailed):
        scanning.proxy.ping()
    server.start()
    wait_until(lambda: is_connected(scanning), 30)
    assert scanning.obs_state == "SCANNING"
    assert {name: scanning.read(name) for name in kept} == before
    scanning.command("EndScan")
    assert scanning.obs_state == "READY"


def test_device_reconnects_after_etcd_was_killed(
    stack: LocalStack, scanning: Subarray, config: Config
) -> None:
    addresses = scanning.read("receiveAddresses")
    scan_ids = [SCAN_ID]
    took: list[float] = []
    # A busy machine may be late.
    while len(took) < 3 and not any(seconds < 10 for seconds in took):
        stack.etcd.kill()
        rejected = scanning.rejection("EndScan")
        assert f"{stack.etcd.host}:{stack.etcd.port}" in rejected.desc
        assert (scanning.obs_state, scanning.read("scanID")) == ("SCANNING", scan_ids[-1])
        stack.etcd.start()
        back = time.monotonic()
        wait_until(lambda: ends_its_scan(scanning), 60)
        took.append(time.monotonic() - back)
        assert scanning.obs_state == "READY"
        assert scanning.read("receiveAddresses") == addresses
        # Changes of other programs are published again, too.
        scan_ids.append(scan_ids[-1] + 1)
        scanning.start_scan(scan_ids[-1])
    on_time(min(took) < 10, f"it took {min(took):.2f} s at best")
    for txn in config.txn():
        state = txn.execution_block.state(scanning.read("ebID")).get()
    assert [each["scan_id"] for each in state["scans"]] == scan_ids


def ends_its_scan(subarray: Subarray) -> bool:
    """Send EndScan and return whether it took effect, also if its outcome is unknown."""
    with contextlib.suppress(tango.DevFailed):
        subarray.command("EndScan")
    return subarray.obs_state == "READY"
