"""Control characters from the database or the network, which must not reach a terminal."""

from __future__ import annotations

import json
import re
import shlex
import sys
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config import Config, cli
from ska_sdp_config.cli.program import VERBS
from ska_sdp_config.cli.recording.format import Snapshot, lines_of
from ska_sdp_config.cli.terminal import escape
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import PROGRAM, fill, run_here
from .pseudo_terminal import run_here_in_terminal, run_in_terminal
from .web import Web

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

EVIL = f"a\x1b]0;x\x07\x1b[2J\r\x08\x7f\x85\x9b31m{BIDI}b"
"""Text that clears the screen, sets its title, writes over lines or reverses their order."""

BYTES = "\udc9b\udcff"
"""Bytes that are not UTF-8, as the library represents them."""

STYLE = re.compile(r"\x1b\[[0-9;]*m")

STORED: dict[str, Any] = {
    "/eb/eb-a": {"status": EVIL, EVIL: EVIL, "pb_batch": [f"pb-{EVIL}", f"pb-absent{EVIL}"]},
    f"/eb/eb-{EVIL}": {"subarray_id": EVIL},
    f"/pb/pb-{EVIL}": {"eb_id": "eb-a", "script": {"kind": EVIL, "name": EVIL, "version": EVIL}},
    f"/pb/pb-{EVIL}/state": {"status": EVIL, "reason": EVIL},
    f"/pb/pb-{EVIL}/owner": {"hostname": EVIL, "pid": EVIL},
    "/lmc/subarray/01": {"eb_id": f"eb-{EVIL}", "x": EVIL},
    "/script/batch:a:1": {"image": EVIL, "parameters": EVIL},
    f"/script/batch:{EVIL}:1": {"image": EVIL},
    f"/component/\x1b[31m\npb-forged{EVIL}/owner": {},
    f"/component/{EVIL}/owner": {"hostname": EVIL, "pid": EVIL},
    "/text": f"not JSON {EVIL}",
    "/list": [EVIL, {EVIL: EVIL}],
    "/bytes": f"no text {BYTES}{EVIL}",
    f"/lines\n/pb/pb-forged{EVIL}": {},
    f"/x{EVIL}": {EVIL: EVIL},
    f"/p{EVIL}/eb/eb-b": {"status": "ACTIVE"},
    "/eb/eb-b": {"pb_batch": [f"pb-absent{EVIL}"]},
    "/eb/eb-text": EVIL,
    f"/eb/eb-old{EVIL}": {"status": "FINISHED", "last_updated": "2020-01-01 00:00:00"},
    f"/eb/eb-test-20260101-0000{EVIL[1:8]}0": {},
    f"/evil-name-in-the-database{EVIL[1:8]}": {},
}

COUNT = f"import sys; print(sys.stdin.read().count({BIDI!a}), 'in the pipe')"
"""Program that counts hostile texts in its input."""

PLACES = ("{url}", "{file}", "{dump}", "{recording}")
"""Replaced by the URL of a page that is not found, and by files with hostile definitions."""

FORMATS = ["", "-q", "-o table", "-o name", "-o json", "-o yaml"]

EVERY_FORMAT = [
    # A hostile value, and hostile keys and IDs.
    "list -a",
    "list -av",
    "list pb",
    "list pb -v",
    "list component",
    "get /text",
    "get /list",
    "get /bytes",
    "get eb eb-a",
    "watch /list --timeout=0.2",
    "watch eb eb-a --timeout=0.2",
    "describe eb eb-a",
    "describe subarray 01",
    f"wait eb eb-a status={EVIL} --timeout=30",
    f"create /new{EVIL} '\"{EVIL}\"'",
    f"create pb batch:{EVIL}:1",
    f"update /x{EVIL} '\"{EVIL}\"'",
    f"edit /x{EVIL}",
    f"delete /x{EVIL}",
    f"end eb eb-b --prefix=/p{EVIL}",
    "import scripts {file}",
    "import scripts {file} --dry-run",
    "load {dump}",
    "load {dump} --dry-run",
    "dump",
    "doctor",
    "history /list",
    "history /list -v",
    "history eb eb-a",
    "replay {recording}",
    "status",
    "prune --older-than=1s --dry-run",
]
"""Commands whose output has hostile text, to run with each of FORMATS."""

MESSAGES = [
    # Hostile text in errors, notes and questions: from the database, files, the network.
    f"wait eb eb-a status={EVIL}x --timeout=0.2",
    f"wait eb eb-a {EVIL}=x --timeout=0.2",
    f"wait eb eb-a none{EVIL}=x --timeout=0.2",
    f"wait /none{EVIL} a=b --timeout=0.2",
    f"watch /none{EVIL} --timeout=0.2",
    "describe eb eb-b",
    "get eb eb-test-20260101-00000",
    "get /evil-name-in-the-databas",
    "edit /list",
    "edit eb eb-a",
    "edit /text",
    "end eb eb-a",
    "end eb eb-text",
    "import scripts {url}",
    "import scripts {dump}",
    f"delete -a --prefix=/pb/pb-{EVIL} prefix",
    f"delete -a --prefix=/pb/pb-{EVIL} prefix -y -o name",
    "replay {dump}",
    # Hostile words of the command line.
    f"history /none{EVIL}",
    f"history eb eb-{EVIL}",
    f"history /list --since={EVIL}",
    f"record /none/{EVIL}",
    f"record {EVIL} {EVIL}",
    f"status {EVIL}",
    f"status --prefix={EVIL}",
    f"top {EVIL}",
    f"top --{EVIL}",
    f"doctor {EVIL}",
    f"replay /none/{EVIL}",
    f"prune --older-than={EVIL}",
    f"import scripts /none/{EVIL}",
    f"load /none/{EVIL}",
    f"dump /none/{EVIL}",
    f"get /none{EVIL}",
    f"get none{EVIL}",
    f"describe pb pb-none{EVIL}",
    f"get eb {EVIL}",
    f"{EVIL}",
    f"{EVIL} list",
    f"list {EVIL}",
    f"list {EVIL} pb",
    f"list pb {EVIL}",
    f"list --{EVIL}",
    f"list pb --prefix{EVIL}=/x",
    f"list pb --prefix={EVIL}",
    f"list pb -o {EVIL}",
    f"list -a --port={EVIL}",
    f"list -a --host={EVIL}:x",
    f"list -a --host={EVIL}:1",
    f"watch /x --timeout={EVIL}",
    f"help {EVIL}",
    f"help list {EVIL}",
    f"completion {EVIL}",
    f"--debug get /none{EVIL}",
    f"create /text{EVIL} {EVIL}",
    f"create eb eb-x-20200101-00000 {{{EVIL}:",
    f"create pb batch:{EVIL}:2",
    f"create eb {EVIL} {{}}",
    f"create deployment d {EVIL} {{}}",
    "update script batch:a:1 {image: [" + EVIL,
    f"update pb-state pb-a '\"{EVIL}\"'",
    f"delete pb pb-{EVIL}",
    f"delete script {EVIL}",
    f"end eb eb-{EVIL}",
    "completion bash",
]

UNTIL_CTRL_C = ("record", "top")
"""Commands that run until Ctrl-C; the first writes to a file, for the second see test_top."""

COMMANDS = [
    *(f"{command} {option}".rstrip() for command in EVERY_FORMAT for option in FORMATS),
    *MESSAGES,
]


def raw_controls(text: str) -> set[str]:
    """Return the control characters of a text, except line ends."""
    return {
        each
        for each in text
        if (unicodedata.category(each) in ("Cc", "Cs") and each != "\n") or each in BIDI
    }


@pytest.fixture
def files(tmp_path: Path, web: Web) -> Mapping[str, str]:
    """Files and a URL with hostile content, by their placeholders in COMMANDS."""
    web.reasons["/evil"] = "Not\x1b[2J\x07 Found\x9b31m\x7f\x85"
    definitions = tmp_path / "scripts.yaml"
    scripts = [{"kind": "batch", "name": EVIL, "version": "1", "image": f"new{EVIL}"}]
    definitions.write_text(json.dumps({"scripts": scripts}))
    dump = tmp_path / "dump.json"
    values = {"/list": [EVIL + EVIL], f"/new{EVIL}": EVIL}
    dump.write_text(json.dumps({"values": values, "texts": {"/text": f"new {EVIL}"}}))
    recording = tmp_path / "recording"
    entry = json.dumps({"eb_id": EVIL.replace("/", ""), "errors": {"subarray": EVIL}})
    texts = {f"/lmc/subarray/{name.replace('/', '')}": entry for name in ("01", EVIL)}
    snapshot = Snapshot(1, datetime.now(timezone.utc), texts)
    recording.write_bytes(b"".join(lines_of(snapshot)))
    return {
        "url": web.url("/evil"),
        "file": str(definitions),
        "dump": str(dump),
        "recording": str(recording),
    }


@pytest.fixture
def editor(tmp_path: Path) -> str:
    """Editor that makes a value invalid, and then does not change it."""
    program = tmp_path / "editor"
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "fault = open(sys.argv[1]).read().startswith('# ')\n"
        f"open(sys.argv[1], 'a').write('' if fault else {EVIL!r})\n"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("command", COMMANDS, ids=[ascii(each)[1:-1] for each in COMMANDS])
def test_terminal_gets_no_control_character(
    database: Config, etcd: Etcd, files: Mapping[str, str], editor: str, command: str
) -> None:
    fill(database, STORED)
    lexer = shlex.shlex(command, posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " ", True, ""
    words = [word.format(**files) if word in PLACES else word for word in lexer]
    env = {"NO_COLOR": "1", "EDITOR": editor}
    typed = "no\n" if "prefix" in words else ""
    _, received = run_here_in_terminal(etcd, words, env, typed)
    assert received or "-q" in words
    assert not raw_controls(received), repr(received)
    assert ("Traceback" in received) == ("--debug" in words)
    # A key with a line end does not look like two keys.
    assert not re.search(r"^(/pb/)?pb-forged", received, re.MULTILINE)


def test_each_command_and_format_is_tested() -> None:
    tested = {(line.split()[0], option) for line in EVERY_FORMAT for option in FORMATS}
    tested |= {(line.split(" ")[0], "") for line in MESSAGES}
    formats = {
        (verb, option)
        for verb, (module, _) in VERBS.items()
        for option in FORMATS
        if verb not in UNTIL_CTRL_C
        and (not option or "output" in parameters(import_module(module, cli.__name__).command))
    }
    assert formats <= tested


def parameters(command: click.Command) -> set[str | None]:
    return {each.name for each in command.params}


def test_terminal_of_a_process_gets_no_control_character(database: Config, etcd: Etcd) -> None:
    fill(database, STORED)
    for words in (["-q", "get", "/text"], ["describe", "eb", "eb-a"], ["get", f"/none{EVIL}"]):
        _, received = run_in_terminal(etcd, words, {"NO_COLOR": "1"})
        assert "\\u009b" in received
        assert not raw_controls(received), repr(received)


def test_pipe_beside_a_terminal_gets_the_stored_characters(database: Config, etcd: Etcd) -> None:
    fill(database, STORED)
    for words in (["describe", "-o", "name", "eb", "eb-b"], ["get", "-q", "/text"]):
        script = f"{shlex.join([*PROGRAM, *words])} | {sys.executable} -c {shlex.quote(COUNT)}"
        _, received = run_in_terminal(etcd, ["-c", script], program=["sh"])
        assert f"{EVIL.count(BIDI) if '/text' in words else 0} in the pipe" in received
        # The note that an entry is missing goes to the terminal.
        assert ("\\u009b" in received) == ("describe" in words)
        assert not raw_controls(received), repr(received)


def test_terminal_of_the_local_stack_gets_no_control_character(etcd: Etcd, tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text(json.dumps({"servers": {EVIL: EVIL}}))
    program = [sys.executable, "-m", "ska_sdp_lmc.cli"]
    _, received = run_in_terminal(etcd, ["register", str(file)], program=program)
    assert "\\u009b" in received
    assert not raw_controls(received), repr(received)


@pytest.mark.parametrize("command", ["list -av", "get /list", "describe eb eb-a", "doctor"])
def test_terminal_gets_only_the_styles_of_tables(
    database: Config, etcd: Etcd, command: str
) -> None:
    fill(database, STORED)
    plain, styled = (
        run_here_in_terminal(etcd, command.split(), env)[1] for env in ({"NO_COLOR": "1"}, {})
    )
    assert STYLE.search(styled)
    assert "EXECUTION BLOCKS" in plain or "describe" not in command
    assert not raw_controls(STYLE.sub("", styled))
    if command != "doctor":  # whose times differ
        assert STYLE.sub("", styled) == plain


@pytest.mark.parametrize("option", ["json", "yaml"])
@pytest.mark.parametrize(
    "command", ["get /list -q", "get /list", "list -av", "describe -q eb eb-a"]
)
def test_document_on_a_terminal_has_the_stored_value(
    database: Config, etcd: Etcd, command: str, option: str
) -> None:
    fill(database, {path: value for path, value in STORED.items() if path != "/bytes"})
    words = [*command.split(), "-o", option]
    _, received = run_here_in_terminal(etcd, words)
    assert "\\u202e" in received.lower()
    if option == "json":
        assert "\\u009b31m" in received
    piped = run_here(etcd, words).out
    assert BIDI in piped
    load = json.loads if option == "json" else yaml.safe_load
    assert load(received) == load(piped)


@pytest.mark.parametrize("command", ["list -aq", "list -avq", "get /text", "get /text -q"])
def test_pipe_gets_the_stored_characters(database: Config, etcd: Etcd, command: str) -> None:
    fill(database, {"/text": EVIL, f"/x{EVIL}": EVIL})
    assert EVIL in run_here(etcd, command.split()).out


def test_completion_omits_words_with_special_characters(database: Config, etcd: Etcd) -> None:
    good = ["/a/b", "/a/pb-x:y_z.1@2", "/a/é"]
    bad = ["/a/x\n/a/y", "/a/$(reboot)", "/a/`reboot`", "/a/x;y", "/a/x y", f"/a/{EVIL}", "/a/*"]
    fill(database, {path: {} for path in [*good, *bad, f"/a/{BYTES}"]})
    asked = {"_SKA_SDP_COMPLETE": "bash_complete", "COMP_LINE": "ska-sdp get /a"}
    code, offered = run_in_terminal(etcd, [], asked)
    assert code == 0
    assert offered.splitlines() == [f"plain,{path}" for path in sorted(good)]


@given(st.text() | st.text(f"\n\t\x00\x1b\x7f\x9b{BIDI}\ud800\udfffaé\U0001f600"))
def test_escape_keeps_all_other_characters(text: str) -> None:
    escaped = escape(text)
    assert not raw_controls(escaped) - {"\t"}
    dangerous = raw_controls(text) - {"\t"}
    if not dangerous:
        assert escaped == text
    expected = "".join(f"\\u{ord(each):04x}" if each in dangerous else each for each in text)
    assert escaped == expected
    assert not raw_controls(escape(text, keep=""))
    assert "\n" not in escape(text, keep="")


@given(st.text())
def test_escaped_json_has_the_same_value(text: str) -> None:
    assert json.loads(escape(json.dumps([text], ensure_ascii=False))) == [text]


def test_escape_covers_all_unicode_controls() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    escaped = escape(everything, keep="")
    assert not raw_controls(escaped)
    assert all(each in escaped for each in "aé \u00a0\u200d\u2028\U0001f600")
