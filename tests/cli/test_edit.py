"""`ska-sdp edit` with editors that are scripts: each way of use, and what may go wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
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

Editor = Callable[..., str]

TARGETS = [
    ("script batch:test:0.0.0", "/script/batch:test:0.0.0"),
    ("eb eb-a", "/eb/eb-a"),
    ("deployment dpl-a", "/deploy/dpl-a"),
    ("pb-state pb-b", "/pb/pb-b/state"),
    ("controller", "/lmc/controller"),
    ("subarray 01", "/lmc/subarray/01"),
    ("flow pb-a:data-queue:vis", "/flow/pb-a:data-queue:vis"),
    ("dependency pb-a:k:vis:o", "/dependency/pb-a:k:vis:o"),
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


class Screen:
    """What a scripted editor was shown, time after time."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def shown(self) -> list[str]:
        return [(self._log / str(n)).read_text() for n in range(len(list(self._log.iterdir())))]


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Screen:
    log = tmp_path / "log"
    log.mkdir()
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setenv("TMPDIR", str(kept))
    monkeypatch.setattr("tempfile.tempdir", str(kept))
    return Screen(log)


@pytest.fixture
def editor(screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Make the editor a script of Python lines, one for each time that it is run."""

    def make(*steps: str) -> str:
        body = "\n".join(f"if number == {n}: {step}" for n, step in enumerate(steps))
        program = tmp_path / "editor"
        program.write_text(
            SCRIPT.format(python=sys.executable, log=str(tmp_path / "log"), steps=body)
        )
        program.chmod(0o755)
        monkeypatch.setenv("EDITOR", str(program))
        return str(program)

    return make


def write(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"file.write_text({text!r})"


@pytest.mark.parametrize(("line", "path"), TARGETS, ids=[path for _, path in TARGETS])
def test_edit_replaces_one_value(
    database: Config, here: Run, editor: Editor, screen: Screen, line: str, path: str
) -> None:
    fill(database, STORED)
    before = contents(database)
    editor(write({"mine": 1}))
    assert here("edit", *line.split()) == (0, f"updated {path}\n", "")
    assert screen.shown == [encode(STORED[path]) + "\n"]
    assert contents(database) == before | {path: encode({"mine": 1})}


@pytest.mark.parametrize("step", ["pass", write('\n{ "test":\ntrue }'), write("test: true")])
def test_edit_without_a_change_does_not_write(
    database: Config, here: Run, editor: Editor, kept: Path, step: str
) -> None:
    fill(database, STORED)
    before = database.backend.get("/eb/eb-a")[1].mod_revision
    editor(step)
    assert here("edit", "eb", "eb-a") == (0, "", "")
    assert database.backend.get("/eb/eb-a")[1].mod_revision == before
    assert list(kept.iterdir()) == []


@pytest.fixture
def kept(screen: Screen, tmp_path: Path) -> Path:
    """Where files are kept."""
    return tmp_path / "kept"


def test_edit_of_an_invalid_value_can_be_corrected(
    database: Config, here: Run, editor: Editor, screen: Screen, kept: Path
) -> None:
    fill(database, STORED)
    editor(
        write("{ no JSON: ["),
        "file.write_text(text.replace('{ no JSON: [', '{\"status\": 7}'))",
        "file.write_text(text.replace('7', '\"ACTIVE\"'))",
    )
    assert here("edit", "eb", "eb-a") == (0, "updated /eb/eb-a\n", "")
    first, second, third = screen.shown
    assert first == '{\n  "test": true\n}\n'
    assert second.startswith("# The value for /eb/eb-a was rejected, nothing was changed: ")
    assert second.endswith("\n{ no JSON: [")
    assert "status is 7: should be a valid string." in third.splitlines()[0]
    assert third.count("#") == 2, "the fault of the time before is still there"
    assert contents(database)["/eb/eb-a"] == encode({"status": "ACTIVE"})
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize("again", ["pass", write({"status": 7})])
def test_edit_that_stays_invalid_is_rejected_and_kept(
    database: Config, here: Run, editor: Editor, kept: Path, again: str
) -> None:
    fill(database, STORED)
    before = contents(database)
    editor(write({"status": 7}), again)
    result = here("edit", "eb", "eb-a")
    assert_rejected(result, 1, "status is 7: should be a valid string. Your edit is kept in ")
    assert len(result.err.splitlines()) == 1
    assert contents(database) == before
    assert '{"status": 7}' in _file_named_in(result.err).read_text()


def test_edit_shows_a_fault_of_several_lines_on_one(
    database: Config, here: Run, editor: Editor, screen: Screen
) -> None:
    fill(database, STORED)
    editor(write("[1]\x1b"))
    assert here("edit", "eb", "eb-a").code == 1
    assert len(screen.shown) == 2


def _file_named_in(message: str) -> Path:
    found = re.search(r"kept in (\S+)\.$", message.strip())
    assert found is not None, message
    return Path(found[1])


@pytest.mark.parametrize("change", ["update", "delete"])
def test_edit_is_kept_after_a_concurrent_change(
    database: Config, etcd: Etcd, here: Run, editor: Editor, change: str
) -> None:
    fill(database, STORED)
    other = {
        "update": "txn.update('/eb/eb-a', '{\"other\": 1}')",
        "delete": "txn.delete('/eb/eb-a')",
    }[change]
    editor(
        f"exec('''from ska_sdp_config import Config\n"
        f"with Config(host={etcd.host!r}, port={etcd.port}) as config:\n"
        f"    for txn in config.txn(): {other}\n''');" + write({"mine": 1})
    )
    result = here("edit", "eb", "eb-a")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("ska-sdp: /eb/eb-a was changed by another client")
    assert contents(database).get("/eb/eb-a") == ('{"other": 1}' if change == "update" else None)
    assert json.loads(_file_named_in(result.err).read_text()) == {"mine": 1}


def test_edit_is_kept_without_a_connection(
    etcd_server: Any,
    editor: Editor,
    monkeypatch: pytest.MonkeyPatch,
    parse: Run,
    screen: Screen,
    tmp_path: Path,
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
        wait_until(lambda: screen.shown, 60)
        server.kill()
        # Only now: what is edited must be read before, however long that takes.
        monkeypatch.setenv("SDP_CONFIG_TIMEOUT", "0.5")
        gone.touch()

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_while_it_is_edited)
        result = parse("edit", "eb", "eb-a")
        killed.result()
    assert result.code == 5
    assert json.loads(_file_named_in(result.err).read_text()) == {"mine": 1}


def test_edit_creates_a_missing_state(database: Config, here: Run, editor: Editor) -> None:
    fill(database, STORED)
    editor(write({"status": "RUNNING"}))
    assert here("edit", "pb-state", "pb-a").out == "created /pb/pb-a/state\n"
    assert contents(database)["/pb/pb-a/state"] == encode({"status": "RUNNING"})


def test_edit_with_force_keeps_text_verbatim(
    database: Config, here: Run, editor: Editor, screen: Screen
) -> None:
    fill(database, {"/x": "# text,\n not JSON"})
    editor(write("# text,\n mine\n"))
    refused = here("edit", "/x")
    assert (refused.code, screen.shown) == (1, [])
    assert refused.err == "ska-sdp: The value of /x is not JSON: edit it with --force.\n"
    assert here("edit", "/x", "--force").code == 0
    assert contents(database) == {"/x": "# text,\n mine"}


def test_edit_that_is_not_utf8_is_kept(
    database: Config, here: Run, editor: Editor, kept: Path
) -> None:
    fill(database, STORED)
    editor("file.write_bytes(b'\\xff')")
    result = here("edit", "eb", "eb-a")
    assert_rejected(
        result, 1, "is not UTF-8 text (byte 0): nothing was changed. Your edit is kept in "
    )
    assert _file_named_in(result.err).read_bytes() == b"\xff"


def test_edit_with_force_keeps_bytes_verbatim(database: Config, here: Run, editor: Editor) -> None:
    fill(database, {"/x": "caf\udce9"})
    editor("file.write_bytes(os.fsencode(text) + b'\\xff\\n')")
    assert here("edit", "/x", "--force").code == 0
    assert contents(database) == {"/x": "caf\udce9\udcff"}


def test_edit_of_a_long_key(database: Config, here: Run, editor: Editor) -> None:
    key = f"/{'é' * 300}\0"
    fill(database, {key: 1})
    editor(write(2))
    assert here("edit", key) == (0, f"updated {key}\n", "")


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
        ("pb pb-a", "true", 2, "Unknown object 'pb'"),
        ("eb", "true", 2, "Missing argument 'ID'"),
    ],
)
def test_edit_rejects(
    database: Config,
    here: Run,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    command: str,
    code: int,
    complaint: str,
) -> None:
    fill(database, {**STORED, "/eb/eb-odd": '{"a": "\\ud800"}'})
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.delenv("EDITOR", raising=False)
    assert_rejected(here("edit", *line.split()), code, complaint)
    assert list(kept.iterdir()) == []
