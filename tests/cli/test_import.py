"""`ska-sdp import scripts`, as a process against real etcd."""

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
from tests.waiting import LATE, wait_until

from .conftest import Run, Start, contents, fill
from .test_documents import BOMB
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
def file(tmp_path: Path) -> str:
    path = tmp_path / "scripts.yaml"
    path.write_text(FILE)
    return str(path)


def test_it_says_what_it_created_and_updated(database: Config, ska_sdp: Run, file: str) -> None:
    fill(database, BEFORE)
    result = ska_sdp("import", "scripts", file)
    assert (result.code, result.err) == (0, "")
    assert result.lines == [f"updated {IMAGING}", f"created {RECEIVE}"]
    stored = contents(database)
    assert stored[IMAGING] == '{\n  "image": "i/imaging:1.0.0"\n}'
    assert stored[RECEIVE] == '{\n  "image": "i/receive:0.2.2"\n}'
    assert stored[SAME] == BEFORE[SAME], "it was rewritten, though nothing had changed"
    assert {OLD, "/pb/pb-a"} <= stored.keys()
    again = ska_sdp("import", "scripts", file)
    assert (again.code, again.out, again.err) == (0, "", "")
    assert contents(database) == stored


def test_sync_deletes_what_is_not_in_the_file(database: Config, ska_sdp: Run, file: str) -> None:
    fill(database, BEFORE)
    before = contents(database)
    planned = ska_sdp("import", "--sync", "scripts", file, "--dry-run")
    assert planned.lines == [f"update {IMAGING}", f"create {RECEIVE}", f"delete {OLD}"]
    assert contents(database) == before
    done = ska_sdp("import", "scripts", "--sync", file, "-o", "json")
    assert done.document == {
        "updated": [IMAGING],
        "created": [RECEIVE],
        "deleted": [OLD],
        "unchanged": 1,
    }
    assert list(contents(database)) == ["/pb/pb-a", IMAGING, SAME, RECEIVE]


def test_it_keeps_to_its_prefix(database: Config, ska_sdp: Run, file: str) -> None:
    fill(database, BEFORE)
    result = ska_sdp("--prefix=/t", "import", "scripts", "--sync", file, "-o", "name")
    assert result.lines == [f"/t{path}" for path in (IMAGING, SAME, RECEIVE)]
    assert {path for path in contents(database) if not path.startswith("/t/")} == set(BEFORE)


def test_it_reads_standard_input_and_urls(database: Config, ska_sdp: Run, web: Web) -> None:
    assert ska_sdp("import", "scripts", "-", "-q", stdin=FILE) == (0, "", "")
    web.pages["/scripts.yaml"] = FILE.encode()
    web.redirects["/moved"] = "/scripts.yaml"
    result = ska_sdp("import", "scripts", web.url("/moved"), "-o", "yaml")
    assert result.out == "---\nunchanged: 3\n"
    assert len(contents(database)) == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("scripts: [", "was refused, and nothing changed: did not find expected node"),
        (FILE + "- {kind: batch}", "scripts[3] has no 'name'; scripts[3] has no 'image'"),
        (FILE + "- {kind: fast, name: x, version: '1', image: i}", "scripts[3] (kind) 'fast'"),
        (BOMB, "its references stand for more than"),
        ("scripts: !!python/object/apply:os.system ['echo']", "could not determine"),
        ("", "the file is no mapping"),
    ],
)
def test_a_bad_file_changes_nothing(
    database: Config, here: Run, text: str, complaint: str
) -> None:
    fill(database, BEFORE)
    before = contents(database)
    result = here("import", "scripts", "--sync", "-", stdin=text)
    assert (result.code, result.out) == (1, "")
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1
    assert contents(database) == before


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/none", "the server answered 404 Not Found"),
        ("/to-file", "Redirection to url 'file:///etc/passwd' is not allowed"),
        ("/cut", "it broke off"),
    ],
)
def test_a_bad_url_changes_nothing(
    database: Config, here: Run, web: Web, path: str, complaint: str
) -> None:
    fill(database, BEFORE)
    before = contents(database)
    web.redirects["/to-file"] = "file:///etc/passwd"
    result = here("import", "scripts", "--sync", web.url(path))
    assert (result.code, result.out) == (1, "")
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1
    assert contents(database) == before


def many(path: Path, count: int) -> str:
    """Write a file of scripts with long names."""
    scripts = [
        {"kind": "batch", "name": f"{n:05}-{'x' * 80}", "version": "1", "image": "i"}
        for n in range(count)
    ]
    path.write_text(json.dumps({"scripts": scripts}))
    return str(path)


@pytest.mark.long
def test_five_hundred_scripts_on_a_server_with_default_settings(
    etcd_server: Any, ska_sdp: Run, tmp_path: Path, web: Web
) -> None:
    server = etcd_server(max_txn_ops=None)
    file = many(tmp_path / "many.json", 500)
    planned = ska_sdp("import", "scripts", "--dry-run", file, server=server)
    assert [line.split()[0] for line in planned.lines] == ["create"] * 500
    refused = ska_sdp("import", "scripts", "--atomic", file, server=server)
    assert (refused.code, refused.out) == (1, "")
    assert "--max-txn-ops" in refused.err
    done = ska_sdp("import", "scripts", file, server=server)
    assert done.code == 0
    assert len(done.lines) == 500
    notes = done.err.splitlines()
    assert len(notes) > 1
    assert notes[0].startswith("ska-sdp: batch 1 stands: /script/batch:00000-")
    web.pages["/many"] = Path(file).read_bytes()
    again = ska_sdp("import", "scripts", web.url("/many"), "--sync", "-ojson", server=server)
    assert again.document == {"unchanged": 500}
    gone = ska_sdp("import", "scripts", "-", "--sync", "-q", stdin="scripts: []", server=server)
    assert gone == (0, "", "")
    with Config(host=server.host, port=server.port) as config:
        assert contents(config) == {}


@pytest.mark.parametrize("options", [[], ["--atomic"], ["--dry-run"]])
def test_a_script_that_fits_no_transaction_is_refused_by_name(
    database: Config, here: Run, options: list[str]
) -> None:
    scripts = [
        {"kind": "batch", "id": name, "version": "1", "image": "i" * length}
        for name, length in (("large", 2_500_000), ("small", 1))
    ]
    result = here("import", "scripts", *options, "-", stdin=json.dumps({"scripts": scripts}))
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(
        "ska-sdp: Nothing was written, as one transaction has no room for /script/batch:large:1: "
    )
    assert len(result.err.splitlines()) == 1
    assert contents(database) == {}


def _let_it_hear(process: subprocess.Popen[str], pipe: int, room: int) -> None:
    """Wait until a signal has ended a program, or has had its time while a pipe held that up.

    Args:
        process: the program.
        pipe: where its notes are read, each in much less than 500 bytes.
        room: how many bytes the pipe can hold.
    """

    def is_full() -> bool:
        (held,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
        return bool(held > room - 500)

    wait_until(lambda: process.poll() is not None or is_full(), 120, "it ends or waits")
    if process.poll() is None:
        # It does not get on, and what hears of the signal, a thread, tells nobody that it has.
        threading.Event().wait(LATE)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe is set as on Linux")
def test_stopped_half_way_it_says_what_stands_and_a_second_run_finishes(
    etcd_server: Any, ska_sdp: Run, start: Start, tmp_path: Path
) -> None:
    server = etcd_server(max_txn_ops=None)
    count = 3000
    file = many(tmp_path / "many.json", count)
    # Its notes fill a pipe that nobody reads, so it cannot be through before it is stopped.
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
        _let_it_hear(process, ours, room)
        last = errors.read().splitlines()[-1]
        assert process.wait(60) == 1
        stand = len(contents(config))
        assert 1000 < stand < count
        assert len((tmp_path / "out").read_text().splitlines()) == stand
        assert last.startswith("ska-sdp: Stopped. Batches 1 to ")
        assert f"stand: /script/batch:00000-{'x' * 80}:1 to /script/batch:{stand - 1:05}-" in last
        assert last.endswith("Run the same command again to finish.")
        second = ska_sdp("import", "scripts", file, server=server)
        assert second.code == 0
        assert len(second.lines) == count - stand
        assert len(contents(config)) == count
