"""Snapshots that a subarray reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config import Config
from ska_sdp_config.backend import MemoryBackend
from ska_sdp_config.drivers.memory import Database
from ska_sdp_config.lmc.snapshot import Snapshot
from ska_sdp_lmc.runtime.repository import SnapshotReader, SystemReader

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


BLOCKS = {
    "/eb/eb-a": ['{"status": "ACTIVE"}', '{"status": "FINISHED"}', "no JSON", None],
    "/pb/pb-a": ['{"eb_id": "eb-a"}', "no JSON", None],
    "/pb/pb-a/state": ['{"status": "RUNNING"}', '{"status": "FAILED"}', "5", None],
    "/pb/pb-a/owner": ['{"pid": 1}', None],
    "/lmc/subarray/01": ['{"eb_id": "eb-a"}', "{}", None],
    "/resource/a:storage": ['{"available_mb": 5}', "no JSON", None],
    "/resource/a:storage/state": ['{"free": 4}', None],
    "/resource/capacity-buffer": ['{"available_mb": 9}', None],
    "/component/x": ['{"status": "ONLINE"}', None],
}
LOST, READ = "lost", "read"
WRITE = st.sampled_from([(path, text) for path, texts in BLOCKS.items() for text in texts])


@given(history=st.lists(WRITE | st.sampled_from([READ, READ, LOST]), max_size=20))
def test_system_is_that_of_a_reader_that_starts_now(
    history: list[tuple[str, str | None] | str],
) -> None:
    database = Database()
    with Config(MemoryBackend(database)) as config, Config(MemoryBackend(database)) as other:
        reader = SystemReader("", "")
        iterations = iter(config.watcher(timeout=0, follow=reader.followed))
        for step in [*history, READ]:
            if isinstance(step, tuple):
                put(other, *step)
            elif step == LOST:
                database.clear()
            else:
                watcher = next(iterations)
                # The cache has to reach the revision of this read.
                config.backend.get("/a")
                for txn in watcher.txn():
                    system = reader.read(txn, watcher.changed)
                    assert system == SystemReader("", "").read(txn, None)


def put(config: Config, path: str, text: str | None) -> None:
    for txn in config.txn():
        txn.raw.delete(path, must_exist=False)
        if text is not None:
            txn.raw.create(path, text)
