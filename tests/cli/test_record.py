"""`ska-sdp record`, on etcd servers that restart, change their leader and compact."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.recording.format import Changes, Part, Snapshot, read_parts
from ska_sdp_config.live.revisions import describe_gap
from ska_sdp_config.store.interface import GapCause
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.backends import compact
from tests.support.proxy import Proxy
from tests.support.waiting import CALL, wait_until

from .conftest import BACKENDS, Run, Start, fill, interrupt, update


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recording"


def parts_of(file: Path) -> list[Part]:
    return [part for part, _ in read_parts(io.BytesIO(file.read_bytes()))]


def begin(start: Start, file: Path, **popen: Any) -> subprocess.Popen[str]:
    """Start to record, and wait until the recording has grown by a snapshot or is continued."""
    process = start("record", str(file), **popen)
    assert process.stderr is not None
    assert process.stderr.readline().startswith(f"ska-sdp: Recording to {file} after revision ")
    return process


def wait_for(file: Path, path: str, text: str) -> None:
    def is_recorded() -> bool:
        return any(part.texts.get(path) == text for part in parts_of(file))

    wait_until(is_recorded, CALL, f"{path} is recorded as {text}")


def next_note(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline().removeprefix("ska-sdp: ").rstrip("\n")


def end(process: subprocess.Popen[str]) -> None:
    code, _, err = interrupt(process)
    assert (code, "is complete up to revision" in err) == (0, True)


def replayed(parts: list[Part]) -> dict[str, str]:
    """Return the contents after all parts; check that each revision comes once, in order."""
    texts: dict[str, str | None] = {}
    revision = 0
    for part in parts:
        if isinstance(part, Snapshot):
            texts = dict(part.texts)
        else:
            assert part.revision > revision
            texts.update(part.texts)
        revision = part.revision
    return {path: text for path, text in texts.items() if text is not None}


def contents(config: Config) -> dict[str, str]:
    found: dict[str, str] = {}
    for txn in config.txn():
        found = dict(txn.raw.list_values("/", 15))
    return found


@BACKENDS
def test_record_has_a_snapshot_then_each_revision(
    database: Config, start: Start, file: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, {"/a": {}, "/b": "text"})
    monkeypatch.setenv("SDP_CONFIG_BACKEND", backend)
    process = begin(start, file)
    for txn in database.txn():
        txn.raw.update("/a", "1")
        txn.raw.delete("/b")
        txn.raw.create("/c", "2")
    update(database, "/a", "3")
    wait_for(file, "/a", "3")
    end(process)
    snapshot, first, second = parts_of(file)
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.texts, snapshot.gap) == ({"/a": "{}", "/b": "text"}, None)
    # A revision with several keys stays together.
    assert first.texts == {"/a": "1", "/b": None, "/c": "2"}
    assert second == Changes(first.revision + 1, second.time, {"/a": "3"})
    assert json.loads(file.read_text().splitlines()[0])["format"] == 1


def test_record_continues_a_recording(
    database: Config, start: Start, ska_sdp: Run, file: Path
) -> None:
    process = begin(start, file)
    again = ska_sdp("record", str(file))
    assert (again.code, "Another process writes to" in again.err) == (1, True)
    fill(database, {"/a": "0"})
    wait_for(file, "/a", "0")
    # Killed in the middle of a line.
    process.kill()
    process.wait()
    with file.open("a") as stream:
        stream.write('{"revision":')
    update(database, "/a", "1")
    process = begin(start, file)
    update(database, "/a", "2")
    wait_for(file, "/a", "2")
    end(process)
    parts = parts_of(file)
    assert [type(part) for part in parts] == [Snapshot, Changes, Changes, Changes]
    assert [part.texts for part in parts[1:]] == [{"/a": "0"}, {"/a": "1"}, {"/a": "2"}]
    assert replayed(parts) == {"/a": "2"}


def test_record_writes_a_gap_after_a_compaction(
    database: Config, start: Start, file: Path
) -> None:
    fill(database, {"/a": "0"})
    end(begin(start, file))
    for number in range(1, 4):
        update(database, "/a", str(number))
    compact(database.backend, database.backend.get("/a")[1].revision)
    process = begin(start, file)
    wait_for(file, "/a", "3")
    update(database, "/a", "4")
    wait_for(file, "/a", "4")
    note = next_note(process)
    end(process)
    first, gap, last = parts_of(file)
    assert isinstance(gap, Snapshot)
    assert (gap.gap, gap.texts) == (first.revision, {"/a": "3"})
    assert note == describe_gap(gap.revision, GapCause.COMPACTED)
    assert last.texts == {"/a": "4"}


def test_record_has_no_gap_after_a_restart(
    etcd_server: Callable[..., Etcd], start: Start, file: Path
) -> None:
    server = etcd_server()
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/a": "0"})
        process = begin(start, file, server=server)
        for number in range(1, 60):
            update(config, "/a", str(number))
            if number in (20, 40):
                server.kill()
                server.start()
        wait_for(file, "/a", "59")
        end(process)
        parts = parts_of(file)
        assert [part.texts["/a"] for part in parts] == [str(number) for number in range(60)]
        assert replayed(parts) == contents(config)


def test_record_writes_a_gap_after_a_restore(
    etcd_server: Callable[..., Etcd], start: Start, file: Path
) -> None:
    """Also a database that was deleted: its revisions start again."""
    server = etcd_server()
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/a": "0"})
        for number in range(1, 10):
            update(config, "/a", str(number))
    process = begin(start, file, server=server)
    server.kill()
    shutil.rmtree(server.directory / "etcd-data")
    server.start()
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/b": "0"})
        wait_for(file, "/b", "0")
        update(config, "/b", "1")
        wait_for(file, "/b", "1")
        # Warnings of the outage precede it.
        while not (note := next_note(process)).startswith("Changes up to "):
            assert note
        end(process)
        first, gap, *rest = parts_of(file)
        assert isinstance(gap, Snapshot)
        assert gap.gap == first.revision
        assert gap.revision < first.revision
        assert note == describe_gap(gap.revision, GapCause.RESTORED)
        assert replayed([gap, *rest]) == contents(config) == {"/b": "1"}


def test_record_writes_a_gap_after_a_restore_to_a_newer_revision(
    etcd_server: Callable[..., Etcd], start: Start, file: Path
) -> None:
    """While `record` is disconnected, the restored database passes the recorded revision."""
    server = etcd_server()
    data, copy = server.directory / "etcd-data", server.directory / "copy"
    with (
        Config(host=server.host, port=server.port) as config,
        Proxy(server.host, server.port) as network,
    ):
        fill(config, {"/a": "0"})
        server.stop()
        shutil.copytree(data, copy)
        server.start()
        process = begin(start, file, server=network)
        update(config, "/a", "1")
        wait_for(file, "/a", "1")
        with network.down():
            server.kill()
            shutil.rmtree(data)
            shutil.copytree(copy, data)
            server.start()
            fill(config, {f"/b/{number}": "0" for number in range(3)})
            for number in range(5):
                update(config, "/b/0", str(number))
        while not (note := next_note(process)).startswith("Changes up to "):
            assert note
        update(config, "/b/1", "1")
        wait_for(file, "/b/1", "1")
        end(process)
        *_, before, gap, last = parts_of(file)
        assert isinstance(gap, Snapshot)
        assert gap.gap == before.revision < gap.revision
        assert note == describe_gap(gap.revision, GapCause.RESTORED)
        assert replayed([gap, last]) == contents(config)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"cluster":"', '"cluster":"0'),
        # A restored copy may have the same ID and reach the same revision with other texts.
        ('"/a"', '"/b"'),
    ],
)
def test_record_writes_a_gap_for_another_database(
    database: Config, start: Start, file: Path, old: str, new: str
) -> None:
    fill(database, {"/a": "0"})
    end(begin(start, file))
    file.write_text(file.read_text().replace(old, new))
    process = begin(start, file)
    note = next_note(process)
    end(process)
    first, gap = parts_of(file)
    assert isinstance(gap, Snapshot)
    assert (gap.gap, gap.texts) == (first.revision, {"/a": "0"})
    assert note == describe_gap(gap.revision, GapCause.RESTORED)
    assert gap.cluster == database.backend.store.cluster_id(timeout=CALL)


def test_record_without_a_complete_snapshot_is_exit_1(
    database: Config, etcd: Etcd, start: Start, parse: Run, file: Path
) -> None:
    for number in range(20):
        fill(database, {f"/{number}": "x" * 200_000})
    with Proxy(etcd.host, etcd.port) as proxy:
        # The snapshot takes 40 s, more than the grace period after Ctrl-C.
        proxy.limit(100_000)
        process = start("record", str(file), server=proxy)
        wait_until(file.exists, CALL)
        code, _, err = interrupt(process)
    assert (code, err) == (1, "ska-sdp: Stopped.\n")
    replay = parse("replay", str(file))
    assert (replay.code, replay.out) == (1, "")
    assert f"{file} has no complete snapshot" in replay.err


def test_record_rejects_another_prefix(
    database: Config, start: Start, ska_sdp: Run, file: Path
) -> None:
    end(begin(start, file))
    content = file.read_bytes()
    result = ska_sdp("record", str(file), "--prefix", "/t")
    assert (result.code, result.out) == (1, "")
    assert (
        f"{file} cannot be continued: it was recorded with no prefix, and this command has "
        "prefix /t; give the same --prefix, or another file." in result.err
    )
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "content", ["something else\n", "{}\n", '{"format": 2, "keys": 0}\n', "x"]
)
def test_record_leaves_other_files(
    database: Config, ska_sdp: Run, file: Path, content: str
) -> None:
    file.write_text(content)
    result = ska_sdp("record", str(file))
    assert (result.code, result.out) == (1, "")
    assert f"{file} cannot be continued: " in result.err
    assert file.read_text() == content


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_record_rejects_files_that_are_not_regular(
    database: Config, ska_sdp: Run, file: Path, kind: str
) -> None:
    if kind == "pipe":
        os.mkfifo(file)
    name = str(file) if kind == "pipe" else "/dev/null"
    result = ska_sdp("record", name)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"ska-sdp: {name} is not a regular file: give another name.\n"


def test_record_names_a_directory_that_is_missing(database: Config, ska_sdp: Run) -> None:
    result = ska_sdp("record", "/none/file")
    assert result.code == 1
    assert "/none/file cannot be read or written: No such file" in result.err


def test_record_on_a_full_disk_can_be_continued(
    database: Config, start: Start, file: Path
) -> None:
    """A limit of the file's size acts as a full disk: the last write is incomplete."""
    process = begin(start, file)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
    fill(database, {"/a": "x" * 1000})
    for number in range(5):
        update(database, "/a", str(number) * 1000)
    _, err = process.communicate(timeout=CALL)
    last = parts_of(file)[-1].revision
    assert process.returncode == 1
    assert f"Cannot write {file}: File too large. It is complete up to revision {last}" in err
    process = begin(start, file)
    wait_for(file, "/a", "4" * 1000)
    end(process)
    texts = [part.texts.get("/a", "") for part in parts_of(file)]
    assert [text and text[:1] for text in texts] == ["", "x", "0", "1", "2", "3", "4"]


def test_record_below_a_prefix(database: Config, start: Start, file: Path) -> None:
    fill(database, {"/t/a": "0", "/a": "0"})
    process = start("record", str(file), "--prefix", "/t")
    assert process.stderr is not None
    process.stderr.readline()
    update(database, "/a", "1")
    update(database, "/t/a", "1")
    wait_for(file, "/t/a", "1")
    end(process)
    assert [part.texts for part in parts_of(file)] == [{"/t/a": "0"}, {"/t/a": "1"}]
