"""Backlogs and contents that are large, or arrive slowly, over both transports."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.recording.file import read_recording
from ska_sdp_config.cli.recording.format import Snapshot
from ska_sdp_config.drivers.etcd.stream_options import StreamOptions
from ska_sdp_config.live import revisions
from ska_sdp_config.live.revisions import Past, past, read_texts
from ska_sdp_config.store.errors import ConfigConnectionError
from ska_sdp_config.store.interface import Put, Query
from ska_sdp_config.store.keys import EVERYTHING, Span, key_of_path
from ska_sdp_sim.stack.etcd import Etcd
from tests.services.etcd import data_deleted_after
from tests.services.versions import EtcdOf
from tests.support.proxy import Proxy
from tests.support.stores import RecordingSink
from tests.support.waiting import CALL, wait_until

from .conftest import BACKENDS, Start, interrupt, run_process, update

SLOW = 12_000_000
"""Rate of a connection, in bytes per second."""

MAX_RECORD_MB = 250
"""Peak memory of the process that records, of which up to 64 MB are queued."""


@pytest.fixture
def slow(etcd: Etcd) -> Iterator[Proxy]:
    with Proxy(etcd.host, etcd.port) as proxy:
        proxy.limit(SLOW)
        yield proxy


def put(config: Config, *texts: str) -> int:
    """Write texts to /0, /1, … at one revision, and return it."""
    writes = [Put(key_of_path(f"/{number}"), text) for number, text in enumerate(texts)]
    outcome = config.backend.store.commit([], writes, timeout=CALL)
    return outcome.revision  # type: ignore[union-attr]  # it has no guards


@pytest.mark.long
@BACKENDS
def test_record_loses_nothing_of_a_large_backlog_on_a_slow_connection(
    etcd_server: Callable[..., Etcd],
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
) -> None:
    monkeypatch.setenv("SDP_CONFIG_BACKEND", backend)
    file, server = tmp_path / "recording", etcd_server()
    with Config(host=server.host, port=server.port) as config:
        first = put(config, "before")
        assert interrupt(begin(start, file, server))[0] == 0
        for number in range(200):
            last = put(config, f"{number} " + "x" * 500_000)
    with Proxy(server.host, server.port) as proxy:
        proxy.limit(SLOW)
        process = begin(start, file, proxy)
        end = f'{{"revision":{last},'.encode()
        size = 0

        def is_recorded() -> bool:
            nonlocal size
            with file.open("rb") as stream:
                stream.seek(max(0, size - 100))
                found = end in stream.read()
                size = stream.tell()
            return found

        wait_until(is_recorded, CALL, "the backlog is recorded")
        peak = peak_mb(process.pid)
        assert interrupt(process)[0] == 0
    parts = list(read_recording(str(file)))
    assert [part.revision for part in parts] == list(range(first, last + 1))
    assert not any(isinstance(part, Snapshot) for part in parts[1:])
    assert peak < MAX_RECORD_MB


def begin(start: Start, file: Path, server: Etcd | Proxy) -> subprocess.Popen[str]:
    process = start("record", str(file), server=server)
    assert process.stderr is not None
    assert "after revision" in process.stderr.readline()
    return process


def peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


@BACKENDS
@pytest.mark.parametrize("in_parts", [False, True], ids=["whole", "in parts"])
def test_large_backlog_is_delivered_in_whole_revisions(
    etcd: Etcd, database: Config, backend: str, in_parts: bool
) -> None:
    sent = [put(database, *[f"{number}" + "x" * 400_000] * 3) for number in range(20)]
    sink = RecordingSink()
    with Config(backend=backend, host=etcd.host, port=etcd.port) as config:
        store = config.backend.store
        store._watch._options = StreamOptions(in_parts=in_parts)  # type: ignore[attr-defined]  # of etcd
        watch = store.watch(EVERYTHING, sent[0], sink)
        wait_until(lambda: len(sink.changes) == 60, CALL)
        watch.cancel()
    # The sink checks that each call delivers whole revisions.
    assert [each.revision for each in sink.changes[::3]] == sent
    assert not in_parts or sink.calls > 5


@pytest.mark.long
@BACKENDS
def test_history_reads_many_changes_of_few_revisions(
    program: str, tmp_path: Path, backend: str
) -> None:
    """In parts, whose size etcd recomputes for each event, it took longer than a stream may."""
    per_revision = 100
    with data_deleted_after(EtcdOf(program, tmp_path)) as server:
        with Config(host=server.host, port=server.port) as config:
            for first in range(0, 20_000, per_revision):
                paths = [f"/many/{first + number:05}" for number in range(per_revision)]
                writes = [Put(key_of_path(path), f'"{"x" * 100}"') for path in paths]
                config.backend.store.commit([], writes, timeout=CALL)
            update(config, "/many/00000", '"last"')
        variables = {"SDP_CONFIG_BACKEND": backend}
        code, out, err = run_process(server, ["history", "/many/00000"], variables)
    assert code == 0, err
    assert "→ last" in out


@pytest.mark.long
@BACKENDS
def test_past_is_read_in_windows_of_limited_size(
    etcd: Etcd, database: Config, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setattr(revisions, "MAX_QUEUED_BYTES", 1_000_000)
    sent = [put(database, f"{number}" + "x" * 400_000) for number in range(20)]
    with Config(backend=backend, host=etcd.host, port=etcd.port) as config:
        found = past(config.backend.store, [Span(key_of_path("/0"))], lambda path: path == "/0")
        got = [each.revision for each in found if not isinstance(each, Past)]
    assert got[-20:] == sent


@pytest.mark.long
@BACKENDS
def test_contents_are_read_in_pages_with_a_timeout_each(
    slow: Proxy, database: Config, backend: str
) -> None:
    for number in range(120):
        database.backend.store.commit(
            [], [Put(key_of_path(f"/{number}"), "x" * 100_000)], timeout=CALL
        )
    slow.limit(3_000_000)
    with Config(backend=backend, host=slow.host, port=slow.port) as config:
        store = config.backend.store
        with pytest.raises(ConfigConnectionError):
            store.read([Query(EVERYTHING)], timeout=3)
        _, texts = read_texts(store, [EVERYTHING], timeout=3)
    assert len(texts) == 120
