"""Client that removes execution blocks that have ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from tests.faults.history import Operation, read_file
from tests.faults.running import ClientProcess, history_of

OLD = "/eb/eb-faults-20200101-00000"


def pruned(directory: Path, port: int) -> Operation:
    """Run the client once, and return its operation."""
    environment = {"SDP_CONFIG_HOST": "127.0.0.1", "SDP_CONFIG_PORT": str(port)}
    client = ClientProcess("pruning", "pruning-1", directory, environment, "--count=1")
    client.wait(60)
    (operation,) = read_file(history_of(directory, "pruning-1"))
    return operation


def test_block_that_has_ended_is_removed(own_etcd: Etcd, tmp_path: Path) -> None:
    with Config(host=own_etcd.host, port=own_etcd.port) as config:
        for txn in config.txn():
            txn.raw.create(OLD, '{"status": "FINISHED"}')
        operation = pruned(tmp_path, own_etcd.port)
        assert (operation.kind, operation.outcome) == ("prune", "ok")
        assert operation.details["removed"] == 1
        for txn in config.txn():
            assert txn.raw.get(OLD) is None


@pytest.mark.long
def test_outcome_of_a_prune_without_a_database_is_unknown(tmp_path: Path) -> None:
    operation = pruned(tmp_path, 1)
    assert operation.outcome == "unknown"
    assert "127.0.0.1:1" in operation.details["error"]
