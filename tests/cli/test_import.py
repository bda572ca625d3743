"""`ska-sdp import scripts`, on etcd."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from tests.support.waiting import LATE, wait_until

from .conftest import Run, Start, assert_rejected, contents, fill
from .samples import BOMB
from .web import Web

FILE = """
scripts:
- {kind: realtime, name: receive, version: 0.2.2, image: i/receive:0.2.2}
- {kind: batch, name: imaging, version: 1.0.0, image: i/imaging:1.0.0}
- {kind: batch, name: same, version: 1.0.0, image: i/same:1.0.0}
"""
IMAGING, SAME, RECEIVE = (
    "/script/batch:imaging:1.0.0",
    "/script/batch:same:1.0.0",
    "/script/realtime:receive:0.2.2",
)
OLD = "/script/batch:old:1.0.0"
BEFORE = {
    IMAGING: {"image": "another"},
    SAME: '{"image":"i/same:1.0.0"}',
    OLD: {"image": "i/old:1.0.0"},
    "/pb/pb-a": {},
}


@pytest.fixture
def scripts(database: Config) -> Config:
    fill(database, BEFORE)
    return database


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "scripts.yaml"
    path.write_text(FILE)
    return str(path)


def test_import_prints_created_and_updated_scripts(
    scripts: Config, ska_sdp: Run, file: str
) -> None:
    result = ska_sdp("import", "scripts", file)
    assert (result.code, result.err) == (0, "")
    assert result.lines == [f"updated {IMAGING}", f"created {RECEIVE}"]
    stored = contents(scripts)
    assert stored[IMAGING] == '{\n  "image": "i/imaging:1.0.0"\n}'
    assert stored[RECEIVE] == '{\n  "image": "i/receive:0.2.2"\n}'
    assert stored[SAME] == BEFORE[SAME], "it was rewritten, though nothing had changed"
    assert {OLD, "/pb/pb-a"} <= stored.keys()
    again = ska_sdp("import", "scripts", file)
    assert (again.code, again.out, again.err) == (0, "", "")
    assert contents(scripts) == stored


def test_import_with_sync_deletes_other_scripts(scripts: Config, ska_sdp: Run, file: str) -> None:
    before = contents(scripts)
    planned = ska_sdp("import", "--sync", "scripts", file, "--dry-run")
    assert planned.lines == [f"update {IMAGING}", f"create {RECEIVE}", f"delete {OLD}"]
    assert contents(scripts) == before
    done = ska_sdp("import", "scripts", "--sync", file, "-o", "json")
    assert done.document == {
        "updated": [IMAGING],
        "created": [RECEIVE],
        "deleted": [OLD],
        "unchanged": 1,
    }
    assert list(contents(scripts)) == ["/pb/pb-a", IMAGING, SAME, RECEIVE]


def test_import_writes_only_below_its_prefix(scripts: Config, ska_sdp: Run, file: str) -> None:
    result = ska_sdp("--prefix=/t", "import", "scripts", "--sync", file, "-o", "name")
    assert result.lines == [f"/t{path}" for path in (IMAGING, SAME, RECEIVE)]
    assert {path for path in contents(scripts) if not path.startswith("/t/")} == set(BEFORE)


def test_import_reads_standard_input_and_urls(database: Config, ska_sdp: Run, web: Web) -> None:
    assert ska_sdp("import", "scripts", "-", "-q", stdin=FILE) == (0, "", "")
    web.pages["/scripts.yaml"] = FILE.encode()
    web.redirects["/moved"] = "/scripts.yaml"
    result = ska_sdp("import", "scripts", web.url("/moved"), "-o", "yaml")
    assert result.out == "---\nunchanged: 3\n"
    assert len(contents(database)) == 3


def test_import_system_reads_a_file_and_a_url(
    database: Config, ska_sdp: Run, web: Web, tmp_path: Path
) -> None:
    file = tmp_path / "system.yaml"
    file.write_text("version: 1")
    web.pages["/system.json"] = b'{"version": 2}'
    assert ska_sdp("import", "system", str(file)) == (0, "created /system\n", "")
    assert contents(database) == {"/system": encode({"version": 1})}
    assert ska_sdp("import", "system", web.url("/system.json")) == (0, "updated /system\n", "")
    assert contents(database) == {"/system": encode({"version": 2})}
    missing = ska_sdp("import", "system", str(tmp_path / "none"))
    assert (missing.code, contents(database)) == (1, {"/system": encode({"version": 2})})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("scripts: [", "was rejected, nothing was changed: did not find expected node"),
        (FILE + "- {kind: batch}", "scripts[3] has no 'name'; scripts[3] has no 'image'"),
        (FILE + "- {kind: fast, name: x, version: '1', image: i}", "scripts[3] (kind) 'fast'"),
        (BOMB, "its aliases expand to more than"),
        ("scripts: !!python/object/apply:os.system ['echo']", "could not determine"),
        ("", "the file is not a mapping"),
    ],
)
def test_import_of_an_invalid_file_changes_nothing(
    scripts: Config, ska_sdp: Run, text: str, complaint: str
) -> None:
    before = contents(scripts)
    assert_rejected(ska_sdp("import", "scripts", "--sync", "-", stdin=text), 1, complaint)
    assert contents(scripts) == before


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/none", "the server responded 404 Not Found"),
        ("/to-file", "Redirection to url 'file:///etc/passwd' is not allowed"),
        ("/cut", "it ended after"),
    ],
)
def test_import_of_an_invalid_url_changes_nothing(
    scripts: Config, ska_sdp: Run, web: Web, path: str, complaint: str
) -> None:
    before = contents(scripts)
    web.redirects["/to-file"] = "file:///etc/passwd"
    assert_rejected(ska_sdp("import", "scripts", "--sync", web.url(path)), 1, complaint)
    assert contents(scripts) == before


def many(path: Path, count: int) -> str:
    """Write a file of scripts with long names; return its path."""
    scripts = [
        {"kind": "batch", "name": f"{n:05}-{'x' * 80}", "version": "1", "image": "i"}
        for n in range(count)
    ]
    path.write_text(json.dumps({"scripts": scripts}))
    return str(path)


@pytest.mark.long
def test_import_of_500_scripts_on_a_default_server(
    etcd_server: Any, ska_sdp: Run, tmp_path: Path, web: Web
) -> None:
    server = etcd_server(max_txn_ops=None)
    file = many(tmp_path / "many.json", 500)
    planned = ska_sdp("import", "scripts", "--dry-run", file, server=server)
    assert [line.split()[0] for line in planned.lines] == ["create"] * 500
    rejected = ska_sdp("import", "scripts", "--atomic", file, server=server)
    assert_rejected(rejected, 1, "--max-txn-ops")
    done = ska_sdp("import", "scripts", file, server=server)
    assert done.code == 0
    assert len(done.lines) == 500
    notes = done.err.splitlines()
    assert len(notes) > 1
    assert notes[0].startswith("ska-sdp: batch 1 committed: /script/batch:00000-")
    web.pages["/many"] = Path(file).read_bytes()
    again = ska_sdp("import", "scripts", web.url("/many"), "--sync", "-ojson", server=server)
    assert again.document == {"unchanged": 500}
    gone = ska_sdp("import", "scripts", "-", "--sync", "-q", stdin="scripts: []", server=server)
    assert gone == (0, "", "")
    with Config(host=server.host, port=server.port) as config:
        assert contents(config) == {}


@pytest.mark.parametrize("options", [[], ["--atomic"], ["--dry-run"]])
def test_import_rejects_a_script_that_is_too_large(
    database: Config, ska_sdp: Run, options: list[str]
) -> None:
    scripts = [
        {"kind": "batch", "id": name, "version": "1", "image": "i" * length}
        for name, length in (("large", 2_500_000), ("small", 1))
    ]
    result = ska_sdp("import", "scripts", *options, "-", stdin=json.dumps({"scripts": scripts}))
    complaint = "Nothing was written, as one transaction has no room for /script/batch:large:1: "
    assert_rejected(result, 1, f"ska-sdp: {complaint}")
    assert contents(database) == {}


def _wait_for_signal(process: subprocess.Popen[str], pipe: int, room: int) -> None:
    """Wait until a program has ended after a signal, or is blocked by a full pipe."""

    def is_full() -> bool:
        # Each note is much less than 500 bytes.
        (held,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
        return bool(held > room - 500)

    wait_until(lambda: process.poll() is not None or is_full(), 120, "it ends or waits")
    if process.poll() is None:
        # It is blocked, and there is no sign that its thread has received the signal.
        threading.Event().wait(LATE)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe is set as on Linux")
def test_import_that_is_stopped_reports_batches_and_can_be_finished(
    etcd_server: Any, ska_sdp: Run, start: Start, tmp_path: Path
) -> None:
    server = etcd_server(max_txn_ops=None)
    count = 3000
    file = many(tmp_path / "many.json", count)
    # Its notes fill a pipe that is not read, so it cannot end before it is stopped.
    ours, theirs = os.pipe()
    room = fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    with (
        Config(host=server.host, port=server.port) as config,
        open(ours) as errors,  # noqa: PTH123  a descriptor is no path
        (tmp_path / "out").open("w") as out,
    ):
        process = start("import", "scripts", file, server=server, stdout=out, stderr=theirs)
        os.close(theirs)
        wait_until(lambda: len(contents(config)) > 1000, 120, "some batches stand")
        process.send_signal(signal.SIGINT)
        _wait_for_signal(process, ours, room)
        last = errors.read().splitlines()[-1]
        assert process.wait(60) == 1
        stand = len(contents(config))
        assert 1000 < stand < count
        assert len((tmp_path / "out").read_text().splitlines()) == stand
        assert last.startswith("ska-sdp: Stopped. Batches 1 to ")
        written = f"/script/batch:00000-{'x' * 80}:1 to /script/batch:{stand - 1:05}-"
        assert f"are committed: {written}" in last
        assert last.endswith("Run the same command again to finish.")
        second = ska_sdp("import", "scripts", file, server=server)
        assert second.code == 0
        assert len(second.lines) == count - stand
        assert len(contents(config)) == count
