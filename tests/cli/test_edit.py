"""`ska-sdp edit` with scripts as editors."""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.etcd import Etcd
from tests.support.waiting import wait_until

from .conftest import Run, assert_rejected, contents, fill
from .samples import STORED

TARGETS = [
    ("script batch:test:0.0.0", "/script/batch:test:0.0.0"),
    ("eb eb-a", "/eb/eb-a"),
    ("deployment dpl-a", "/deploy/dpl-a"),
    ("pb-state pb-b", "/pb/pb-b/state"),
    ("pb pb-b", "/pb/pb-b/state"),
    ("controller", "/lmc/controller"),
    ("subarray 01", "/lmc/subarray/01"),
    ("flow pb-a:data-queue:vis", "/flow/pb-a:data-queue:vis"),
    ("dependency pb-a:k:vis:o", "/dependency/pb-a:k:vis:o"),
    ("resource storage:buffer", "/resource/storage:buffer"),
    ("request pb-a:data", "/request/pb-a:data"),
    ("allocation pb-a:data", "/allocation/pb-a:data"),
    ("system", "/system"),
    ("/x", "/x"),
]

SCRIPT = """#!{python}
import os, sys
from pathlib import Path
file, log = Path(sys.argv[-1]), Path({log!r})
text = file.read_text(errors="surrogateescape")
number = len(list(log.iterdir()))
(log / str(number)).write_text(text, errors="surrogateescape")
{steps}
"""


class Editor:
    """Editor that runs a line of Python at each start; edited files are kept in ``kept``."""

    def __init__(self, directory: Path) -> None:
        self.program = directory / "editor"
        self.kept = directory / "kept"
        self._log = directory / "log"
        for each in (self.kept, self._log):
            each.mkdir()

    def __call__(self, *steps: str) -> None:
        """Set the lines to run, one for each start."""
        body = "\n".join(f"if number == {n}: {step}" for n, step in enumerate(steps))
        script = SCRIPT.format(python=sys.executable, log=str(self._log), steps=body)
        self.program.write_text(script)
        self.program.chmod(0o755)

    @property
    def shown(self) -> list[str]:
        """The text at each start."""
        return [(self._log / str(n)).read_text() for n in range(len(list(self._log.iterdir())))]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    editor = Editor(tmp_path)
    monkeypatch.setenv("TMPDIR", str(editor.kept))
    monkeypatch.setattr("tempfile.tempdir", str(editor.kept))
    monkeypatch.setenv("EDITOR", str(editor.program))
    return editor


def write(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"file.write_text({text!r})"


@pytest.mark.parametrize(("line", "path"), TARGETS, ids=[path for _, path in TARGETS])
def test_edit_replaces_one_value(
    samples: Config, ska_sdp: Run, editor: Editor, line: str, path: str
) -> None:
    before = contents(samples)
    editor(write({"mine": 1}))
    assert ska_sdp("edit", *line.split()) == (0, f"updated {path}\n", "")
    assert editor.shown == [encode(STORED[path]) + "\n"]
    assert contents(samples) == before | {path: encode({"mine": 1})}


@pytest.mark.parametrize("step", ["pass", write('\n{ "test":\ntrue }'), write("test: true")])
def test_edit_without_a_change_does_not_write(
    samples: Config, ska_sdp: Run, editor: Editor, step: str
) -> None:
    before = samples.backend.get("/eb/eb-a")[1].mod_revision
    editor(step)
    assert ska_sdp("edit", "eb", "eb-a") == (0, "", "")
    assert samples.backend.get("/eb/eb-a")[1].mod_revision == before
    assert list(editor.kept.iterdir()) == []


def test_edit_of_an_invalid_value_can_be_corrected(
    samples: Config, ska_sdp: Run, editor: Editor
) -> None:
    editor(
        write("{ not JSON: ["),
        "file.write_text(text.replace('{ not JSON: [', '{\"status\": 7}'))",
        "file.write_text(text.replace('7', '\"ACTIVE\"'))",
    )
    assert ska_sdp("edit", "eb", "eb-a") == (0, "updated /eb/eb-a\n", "")
    first, second, third = editor.shown
    assert first == '{\n  "test": true\n}\n'
    assert second.startswith("# The value for /eb/eb-a was rejected, nothing was changed: ")
    assert second.endswith("\n{ not JSON: [")
    assert "status is 7: should be a valid string." in third.splitlines()[0]
    assert third.count("#") == 2, "the previous fault is still there"
    assert contents(samples)["/eb/eb-a"] == encode({"status": "ACTIVE"})
    assert list(editor.kept.iterdir()) == []


@pytest.mark.parametrize("again", ["pass", write({"status": 7})])
def test_edit_that_stays_invalid_is_rejected_and_kept(
    samples: Config, ska_sdp: Run, editor: Editor, again: str
) -> None:
    before = contents(samples)
    editor(write({"status": 7}), again)
    result = ska_sdp("edit", "eb", "eb-a")
    assert_rejected(result, 1, "status is 7: should be a valid string. Your edit is kept in ")
    assert contents(samples) == before
    assert '{"status": 7}' in _file_named_in(result.err).read_text()


def test_edit_shows_a_fault_of_several_lines_on_one(
    samples: Config, ska_sdp: Run, editor: Editor
) -> None:
    editor(write("[1]\x1b"))
    assert ska_sdp("edit", "eb", "eb-a").code == 1
    assert len(editor.shown) == 2


def _file_named_in(message: str) -> Path:
    found = re.search(r"kept in (\S+)\.$", message.strip())
    assert found is not None, message
    return Path(found[1])


@pytest.mark.parametrize("change", ["update", "delete"])
def test_edit_is_kept_after_a_concurrent_change(
    samples: Config, etcd: Etcd, ska_sdp: Run, editor: Editor, change: str
) -> None:
    other = {
        "update": "txn.update('/eb/eb-a', '{\"other\": 1}')",
        "delete": "txn.delete('/eb/eb-a')",
    }[change]
    editor(
        f"exec('''from ska_sdp_config import Config\n"
        f"with Config(host={etcd.host!r}, port={etcd.port}) as config:\n"
        f"    for txn in config.txn(): {other}\n''');" + write({"mine": 1})
    )
    result = ska_sdp("edit", "eb", "eb-a")
    assert_rejected(result, 1, "ska-sdp: /eb/eb-a was changed by another client")
    assert contents(samples).get("/eb/eb-a") == ('{"other": 1}' if change == "update" else None)
    assert json.loads(_file_named_in(result.err).read_text()) == {"mine": 1}


def test_edit_is_kept_without_a_connection(
    etcd_server: Any, editor: Editor, monkeypatch: pytest.MonkeyPatch, parse: Run, tmp_path: Path
) -> None:
    server: Etcd = etcd_server()
    with Config(host=server.host, port=server.port) as config:
        fill(config, {"/eb/eb-a": {}})
    gone = tmp_path / "gone"
    wait = (
        "import time\nend = time.monotonic() + 60\n"
        f"while not Path({str(gone)!r}).exists():\n"
        "    assert time.monotonic() < end\n    time.sleep(0.01)"
    )
    editor(f"exec({wait!r}); " + write({"mine": 1}))
    monkeypatch.setenv("SDP_CONFIG_PORT", str(server.port))

    def kill_while_it_is_edited() -> None:
        wait_until(lambda: editor.shown, 60)
        server.kill()
        # Only now: the read before the edit may take long.
        monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "0.5")
        gone.touch()

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_while_it_is_edited)
        result = parse("edit", "eb", "eb-a")
        killed.result()
    assert result.code == 5
    assert json.loads(_file_named_in(result.err).read_text()) == {"mine": 1}


def test_edit_creates_a_missing_state(samples: Config, ska_sdp: Run, editor: Editor) -> None:
    editor(write({"status": "RUNNING"}))
    assert ska_sdp("edit", "pb-state", "pb-a").out == "created /pb/pb-a/state\n"
    assert contents(samples)["/pb/pb-a/state"] == encode({"status": "RUNNING"})


def test_edit_with_force_keeps_text_verbatim(
    database: Config, ska_sdp: Run, editor: Editor
) -> None:
    fill(database, {"/x": "# text,\n not JSON"})
    editor(write("# text,\n mine\n"))
    rejected = ska_sdp("edit", "/x")
    assert (rejected.code, editor.shown) == (1, [])
    assert rejected.err == "ska-sdp: The value of /x is not JSON: edit it with --force.\n"
    assert ska_sdp("edit", "/x", "--force").code == 0
    assert contents(database) == {"/x": "# text,\n mine"}


def test_edit_that_is_not_utf8_is_kept(samples: Config, ska_sdp: Run, editor: Editor) -> None:
    editor("file.write_bytes(b'\\xff')")
    result = ska_sdp("edit", "eb", "eb-a")
    assert_rejected(
        result, 1, "is not UTF-8 text (byte 0): nothing was changed. Your edit is kept in "
    )
    assert _file_named_in(result.err).read_bytes() == b"\xff"


def test_edit_with_force_keeps_bytes_verbatim(
    database: Config, ska_sdp: Run, editor: Editor
) -> None:
    fill(database, {"/x": "caf\udce9"})
    editor("file.write_bytes(os.fsencode(text) + b'\\xff\\n')")
    assert ska_sdp("edit", "/x", "--force").code == 0
    assert contents(database) == {"/x": "caf\udce9\udcff"}


def test_edit_of_a_long_key(database: Config, ska_sdp: Run, editor: Editor) -> None:
    key = f"/{'é' * 300}\0"
    fill(database, {key: 1})
    editor(write(2))
    assert ska_sdp("edit", key) == (0, f"updated {key}\n", "")


@pytest.mark.parametrize(
    ("line", "command", "code", "complaint"),
    [
        ("eb eb-a", "", 2, "No editor is set: set VISUAL or EDITOR, e.g. EDITOR=vi."),
        ("eb eb-a", " ", 2, "No editor is set: set VISUAL or EDITOR, e.g. EDITOR=vi."),
        ("eb eb-a", "rm", 1, "Cannot read the edited file ("),
        ("eb eb-odd", "true", 1, "The value of /eb/eb-odd is not UTF-8 text: edit it with"),
        ("eb eb-a", "/none/such -x", 2, "Cannot run the editor /none/such: No such file"),
        ("eb eb-a", "vi '", 2, "which is not a command: No closing quotation."),
        ("eb eb-a", "false", 1, "The editor false failed with code 1: nothing was changed."),
        ("eb eb-none", "true", 3, "There is nothing at /eb/eb-none: try 'ska-sdp list eb'."),
        ("/pb/pb-a", "true", 1, "processing blocks are immutable, except for their states"),
        ("pb pb-none", "true", 3, "There is nothing at /pb/pb-none"),
        ("eb", "true", 2, "Missing argument 'ID'"),
    ],
)
def test_edit_rejects(
    database: Config,
    ska_sdp: Run,
    editor: Editor,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    command: str,
    code: int,
    complaint: str,
) -> None:
    fill(database, {**STORED, "/eb/eb-odd": '{"a": "\\ud800"}'})
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.delenv("EDITOR", raising=False)
    assert_rejected(ska_sdp("edit", *line.split()), code, complaint)
    assert list(editor.kept.iterdir()) == []


def test_edit_of_an_unknown_status_can_be_corrected(
    samples: Config, ska_sdp: Run, tmp_path: Path
) -> None:
    """The editor writes an unknown status, and a known one when it runs again."""
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\ngrep -q DONE "$1" && next=FINISHED || next=DONE\n'
        'printf \'{"status": "%s"}\' $next > "$1"\n'
    )
    editor.chmod(0o755)
    result = ska_sdp("edit", "pb-state", "pb-b", env={"VISUAL": str(editor)})
    assert (result.code, result.out, result.err) == (0, "updated /pb/pb-b/state\n", "")
    assert contents(samples)["/pb/pb-b/state"] == encode({"status": "FINISHED"})
