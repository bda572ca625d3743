"""Round trips of a command, as counted by etcd."""

from __future__ import annotations

import re
import urllib.request

import pytest

from ska_sdp_config import Config
from ska_sdp_config.store.interface import Delete
from ska_sdp_config.store.keys import EVERYTHING
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.waiting import wait_until

from .conftest import assign_text, served, stored_entry, write_state

PB = "pb-test-20260131-00000"
COUNTED = re.compile(
    r'^grpc_server_started_total\{grpc_method="(\w+)",grpc_service="etcdserverpb\.KV",.*\} (\S+)$',
    re.MULTILINE,
)


def calls(etcd: Etcd) -> dict[str, int]:
    """Return the number of calls of each method of the key-value service."""
    url = f"http://{etcd.endpoint}/metrics"
    with urllib.request.urlopen(url, timeout=20) as page:
        return {name: int(float(count)) for name, count in COUNTED.findall(page.read().decode())}


def test_command_is_one_read_and_one_commit(etcd: Etcd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDP_CONFIG_HOST", etcd.endpoint)
    with Config(host=etcd.endpoint) as config:
        config.backend.store.commit([], [Delete(EVERYTHING)], timeout=20)
        with served(RequiredComponents="none") as (_, subarray):
            subarray.On()
            subarray.AssignResources(assign_text(pbs=((PB, "work"),)))
            write_state(config, PB, status="RUNNING", resources_available=True)
            wait_until(lambda: subarray.obsState.name == "IDLE")
            # The server publishes the end of the wait before it writes it.
            wait_until(lambda: stored_entry(config)["reached"])
            subarray.Configure('{"scan_type": "science"}')
            commands = [
                ("Scan", '{"scan_id": 1}'),
                ("EndScan",),
                ("Configure", '{"scan_type": "science"}'),
            ]
            for name, *argument in 3 * commands:
                before = calls(etcd)
                subarray.command_inout(name, *argument)
                after = calls(etcd)
                made = {method: after[method] - before.get(method, 0) for method in after}
                assert {method: count for method, count in made.items() if count} == {"Txn": 2}
