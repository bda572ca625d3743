"""Recorded changes of the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd
from tests.faults.checkers.implied import implied_values
from tests.faults.database_log import DatabaseLog, read_log
from tests.support import logs

ENTRY = "/lmc/subarray/01"


def test_log_begins_with_what_is_present(own_etcd: Etcd, tmp_path: Path) -> None:
    path = tmp_path / "database.jsonl"
    with Config(backend="etcd3", host=own_etcd.host, port=own_etcd.port) as config:
        for txn in config.txn():
            txn.create(ENTRY, '{"obs_state_commanded": "IDLE"}')
        for txn in config.txn():
            txn.create("/a", "1")
        present = txn.commit_revision
        with DatabaseLog(own_etcd.endpoint, path) as log:
            for txn in config.txn():
                txn.update(ENTRY, '{"obs_state_commanded": "READY"}')
                txn.delete("/a")
            changes = log.read()
    assert [each.revision for each in changes] == sorted(each.revision for each in changes)
    assert {(each.revision, each.path, each.value, each.is_present) for each in changes} == {
        (present, "/a", "1", True),
        (present, ENTRY, '{"obs_state_commanded": "IDLE"}', True),
        (txn.commit_revision, "/a", None, False),
        (txn.commit_revision, ENTRY, '{"obs_state_commanded": "READY"}', False),
    }
    assert list(read_log(path)) == changes
    shown = [each.value for each in implied_values(changes, "01")["obsState"]]
    assert shown == ["EMPTY", "IDLE", "READY"]


def test_log_of_a_database_that_does_not_respond_is_an_error(
    own_etcd: Etcd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "RETRY_WITHIN_S", 0.5)
    with DatabaseLog(own_etcd.endpoint, tmp_path / "database.jsonl") as log:
        own_etcd.kill()
        with pytest.raises(AssertionError, match=r"no answer of etcd within 0\.5 s"):
            log.read()
