"""Snapshots that a subarray reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ska_sdp_config import Config
from ska_sdp_config.backend import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_lmc.runtime.repository import SnapshotReader

ENTRY, EB = "/lmc/subarray/01", "/eb/eb-a"


@pytest.fixture
def config() -> Iterator[Config]:
    with Config(backend=MemoryBackend(Database())) as config:
        config.backend.create(ENTRY, '{"eb_id": "eb-a"}')
        config.backend.create(EB, '{"scan_id": 1}')
        yield config


def read(config: Config, reader: SnapshotReader) -> Snapshot:
    for txn in config.txn():
        snapshot = reader.read(txn)
    return snapshot


def test_snapshot_reuses_documents_whose_text_is_unchanged(config: Config) -> None:
    reader = SnapshotReader("01", [])
    first = read(config, reader)
    config.backend.update(EB, '{"scan_id": 2}')
    second = read(config, reader)
    assert second.documents[ENTRY] is first.documents[ENTRY]
    assert (first.documents[EB], second.documents[EB]) == ({"scan_id": 1}, {"scan_id": 2})


def test_snapshot_follows_document_that_becomes_unreadable(config: Config) -> None:
    reader = SnapshotReader("01", [])
    read(config, reader)
    config.backend.update(EB, "no JSON")
    assert read(config, reader).unreadable == (EB,)
    config.backend.delete(EB)
    assert EB not in read(config, reader).documents
    config.backend.create(EB, '{"scan_id": 1}')
    assert read(config, reader).documents[EB] == {"scan_id": 1}
