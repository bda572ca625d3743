"""What survives a kill: everything that the database holds, and the devices keep nothing else."""

from __future__ import annotations

import json
import time

import pytest
import tango

from ska_sdp_config import Config
from ska_sdp_lmc.stack.device_server import DeviceServer
from ska_sdp_lmc.stack.local import LocalStack
from tests.e2e.subarray import Subarray, answers
from tests.waiting import wait_until

SCAN_ID = 4711


@pytest.fixture
def scanning(subarray: Subarray) -> Subarray:
    """The subarray in a scan."""
    content = subarray.assign()
    subarray.configure(content.scan_types[0])
    subarray.start_scan(SCAN_ID)
    return subarray


def server_of(stack: LocalStack, subarray: Subarray) -> DeviceServer:
    name = subarray.proxy.dev_name().lower()
    return next(server for server in stack.servers if name in server.devices)


def test_killed_server_comes_back_in_its_scan(stack: LocalStack, scanning: Subarray) -> None:
    kept = ("scanID", "scanType", "ebID", "receiveAddresses", "resources", "transactionID")
    before = {name: scanning.read(name) for name in kept}
    assert before["scanID"] == SCAN_ID
    assert json.loads(before["receiveAddresses"])
    server = server_of(stack, scanning)
    server.kill()
    with pytest.raises(tango.DevFailed):
        scanning.proxy.ping()
    server.start()
    wait_until(lambda: answers(scanning))
    assert scanning.obs_state == "SCANNING"
    assert {name: scanning.read(name) for name in kept} == before
    scanning.command("EndScan")
    assert scanning.obs_state == "READY"


def test_device_recovers_by_itself_after_etcd_was_killed(
    stack: LocalStack, scanning: Subarray, config: Config
) -> None:
    addresses = scanning.read("receiveAddresses")
    stack.etcd.kill()
    refused = scanning.refusal("EndScan")
    assert f"{stack.etcd.host}:{stack.etcd.port}" in refused.desc
    assert (scanning.obs_state, scanning.read("scanID")) == ("SCANNING", SCAN_ID)
    stack.etcd.start()
    back = time.monotonic()

    def ends_its_scan() -> bool:
        try:
            scanning.command("EndScan")
        except tango.DevFailed:
            return False
        return True

    wait_until(ends_its_scan, within=10)
    assert time.monotonic() - back < 10
    assert scanning.obs_state == "READY"
    assert scanning.read("receiveAddresses") == addresses
    # What others write is seen again, too.
    scanning.start_scan(SCAN_ID + 1)
    for txn in config.txn():
        state = txn.execution_block.state(scanning.read("ebID")).get()
    assert [each["scan_id"] for each in state["scans"]] == [SCAN_ID, SCAN_ID + 1]
