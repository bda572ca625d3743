"""Client that removes execution blocks that have ended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from tests.faults.clients import pruning
from tests.faults.history import HistoryWriter, Operation, read_file
from tests.faults.running import ClientProcess, history_of

OLD = "/eb/eb-faults-20200101-00000"


def pruned(directory: Path, port: int) -> Operation:
    """Run the client once, and return its operation."""
    environment = {"SDP_CONFIG_HOST": "127.0.0.1", "SDP_CONFIG_PORT": str(port)}
    client = ClientProcess("pruning", "pruning-1", directory, environment, "--count=1")
    try:
        client.wait(60)
    finally:
        code = client.end()
    assert code == 0
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


@pytest.mark.parametrize(
    ("program", "code"),
    [("import sys; sys.exit('defect')", 1), ("import os; os.kill(os.getpid(), 9)", -9)],
)
def test_other_error_of_prune_ends_the_client(
    program: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "COMMAND", (sys.executable, "-c", program))
    with (
        HistoryWriter(tmp_path / "history", "pruning-1") as history,
        pytest.raises(RuntimeError, match=f"prune ended with exit code {code}"),
    ):
        pruning.prune(history)
