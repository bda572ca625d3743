"""`ska-sdp dump` and `ska-sdp load`."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ska_sdp_config import Config
from ska_sdp_config.cli import documents
from ska_sdp_config.cli.dump_file import read_dump, split
from ska_sdp_config.cli.structured import DocumentPrinter
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.live.values import parse

from .conftest import Run, assert_rejected, contents, empty, fill, run_here

STORED: dict[str, Any] = {
    "/eb/eb-a": {"last_updated": "2020-01-01 00:00:00", "test": True},
    "/pb/pb-a": {"eb_id": None, "parameters": {"é": "1.10", "n": [1, 2.5, "yes", "~", ""]}},
    "/pb/pb-a/owner": {"pid": 1, "hostname": "h", "command": []},
    # The types of their fields are assumed: other programs may store other ones.
    "/request/pb-a:data": {"resource": 5, "quantity": "much"},
    "/resource/storage": {"unit": ["MB"]},
    "/resource/storage/state": {"capacity": "much"},
    "/system": {"any": ["thing"]},
    "/t/x": "text,\n not JSON\x07",
    "/z": ["=", "0o7", "1_0", "2020-01-01", None, False],
}


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_dump_can_be_loaded(database: Config, ska_sdp: Run, tmp_path: Path, output: str) -> None:
    fill(database, STORED)
    before = contents(database)
    file = tmp_path / f"dump.{output}"
    assert ska_sdp("dump", str(file)).err == f"ska-sdp: 8 keys are in {file}.\n"
    assert ska_sdp("dump", "-o", output).out == file.read_text()
    assert list(tmp_path.iterdir()) == [file]
    empty(database)
    result = ska_sdp("load", str(file))
    assert (result.code, result.err) == (0, "")
    del before["/pb/pb-a/owner"]
    assert result.lines == [f"created {path}" for path in before]
    assert contents(database) == before
    assert ska_sdp("load", str(file)) == (0, "", "")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda some: st.lists(some, max_size=3) | st.dictionaries(TEXTS, some, max_size=3),
)  # fmt: skip
BYTES = st.binary(max_size=6).map(lambda data: data.decode(errors="surrogateescape"))
ODD = st.sampled_from(
    [
        '{"a": 1e400}',
        "-1e999",
        "NaN",
        '"\\ud800"',
        '{"\\udc80": 1}',
        "[" * 101 + "]" * 101,
        '{"a":' * 120 + "1" + "}" * 120,
        "1" * 5000,
        "%41",
        "",
    ]
)
PATHS = st.sampled_from(["/a", "/b/c", "/%41", "/é", "/x\udcff", "/x%FF"])


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(PATHS, JSON.map(encode) | TEXTS | BYTES | ODD), st.booleans())
def test_dump_keeps_any_value(
    capsys: pytest.CaptureFixture[str], entries: dict[str, str], yaml: bool
) -> None:
    capsys.readouterr()
    DocumentPrinter(quiet=False, yaml=yaml).dump(split(entries))
    printed = capsys.readouterr().out
    assert printed.encode()
    found = read_dump(documents.parse(printed), "", force=False)
    assert found.keys() == entries.keys()
    for path, text in found.items():
        assert text == entries[path] or parse(text) == parse(entries[path])


def test_dump_keeps_bytes_that_are_not_utf8(database: Config, ska_sdp: Run) -> None:
    odd = {"/x/\udcff": "caf\udce9 100%", "/x/deep": "[" * 120 + "]" * 120, "/x/inf": "[1e400]"}
    fill(database, odd)
    for output in ("json", "yaml"):
        dumped = ska_sdp("dump", "-o", output)
        assert (dumped.code, dumped.err) == (0, "")
        assert '/x/%FF": "caf%E9 100%25"' in dumped.out or "/x/%FF: caf%E9 100%25" in dumped.out
        empty(database)
        assert ska_sdp("load", "-", stdin=dumped.out).code == 0
        assert contents(database) == odd


SHOWN = [
    ('"\\ud800"', "yaml", "---\n/x: \\ud800\n"),
    ("caf\udce9", "yaml", "---\n/x: caf\\udce9\n"),
    ('{"a":1e400}', "json", '{\n  "/x": "{\\"a\\":1e400}"\n}\n'),
]


@pytest.mark.parametrize(("text", "output", "shown"), SHOWN)
def test_texts_that_no_format_supports_are_shown_verbatim(
    database: Config, ska_sdp: Run, text: str, output: str, shown: str
) -> None:
    fill(database, {"/x": text})
    assert ska_sdp("get", "/x", "-o", output) == (0, shown, "")


def test_dump_includes_owners_only_with_all(
    database: Config, ska_sdp: Run, tmp_path: Path
) -> None:
    fill(database, STORED)
    file = str(tmp_path / "all.yaml")
    assert "/pb/pb-a/owner" not in ska_sdp("dump", "-o", "name").lines
    assert ska_sdp("dump", "-a", file, "-q") == (0, "", "")
    empty(database)
    assert ska_sdp("load", file).code == 0
    assert "/pb/pb-a/owner" not in contents(database)
    assert ska_sdp("load", "-a", file).lines == ["created /pb/pb-a/owner"]


def test_dump_and_load_are_limited_to_the_prefix(
    database: Config, ska_sdp: Run, tmp_path: Path
) -> None:
    fill(database, STORED)
    file = tmp_path / "dump.json"
    file.write_text(ska_sdp("dump", "-o", "json").out)
    assert json.loads(ska_sdp("dump", "--prefix=/t", "-o", "json").out) == {
        "values": {},
        "texts": {"/t/x": STORED["/t/x"]},
    }
    empty(database)
    fill(database, {"/t/y": 1, "/u": 1})
    result = ska_sdp("load", "--prefix=/t", "--sync", str(file))
    assert result.lines == ["created /t/x", "deleted /t/y"]
    assert list(contents(database)) == ["/t/x", "/u"]


def test_load_dry_run_prints_differences(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/a": {"n": 1, "same": True}, "/b": "text", "/c/owner": {}})
    before = contents(database)
    document = 'values: {/a: {"n": 2, "same": true}, /d: 1}'
    result = ska_sdp("load", "--dry-run", "--sync", "-", stdin=document)
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "update /a\n"
        '   {\n  -  "n": 1,\n  +  "n": 2,\n     "same": true\n   }\n'
        "create /d\n  +1\n"
        "delete /b\n  -text\n"
    )
    assert ska_sdp("load", "--dry-run", "-", "-o", "json", stdin=document).document == {
        "update": {"/a": {"before": {"n": 1, "same": True}, "after": {"n": 2, "same": True}}},
        "create": {"/d": {"after": 1}},
        "unchanged": 0,
    }
    assert ska_sdp("load", "--dry-run", "-", "-q", stdin=document).lines == [
        "update /a",
        "create /d",
    ]
    assert contents(database) == before


FAULTY = [
    ("[]", "it is not a dump: expected only the mappings 'values', 'texts' and 'quoted'."),
    ("", "it is not a dump"),
    ("scripts: []", "it is not a dump"),
    ("values: []", None),
    ("values: [1]", "'values', 'texts' and 'quoted' must be mappings of paths."),
    ("values: {x: 1}", "x: Path 'x' does not begin with '/'"),
    ("values: {/x/: 1, /y: 2020-01-01}", "/x/: Path '/x/' ends with '/'"),
    ("values: {/y: 2020-01-01}", "/y: Object of type date is not JSON serializable."),
    ("{values: {/x: 1}, texts: {/x: a}}", "/x: duplicate path."),
    ("{quoted: {/%78: a}, texts: {/x: a}}", "/%78: duplicate path."),
    ("texts: {/x: 1}", "/x: it is among texts, and is not a string."),
    (f"values: {{{'/x' * 17}: 1}}", "has 17 slashes: no list shows a key of more than 16."),
    (
        "values: {/eb/eb-a: {status: 1}}",
        "a valid string; correct the values, or use --force to skip validation.",
    ),
    ("values: {/x: !!python/object:os.system {}}", "could not determine a constructor"),
]


@pytest.mark.parametrize(("document", "complaint"), FAULTY, ids=[text for text, _ in FAULTY])
def test_load_of_an_invalid_file_changes_nothing(
    database: Config, ska_sdp: Run, document: str, complaint: str | None
) -> None:
    result = ska_sdp("load", "-", stdin=document)
    if complaint is None:
        assert result.code == 0
    else:
        assert_rejected(result, 1, complaint)
        assert result.err.startswith("ska-sdp: - was rejected, nothing was changed: ")
    assert contents(database) == {}


def test_load_with_force_skips_validation(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/eb/eb-l": [1]})
    dumped = ska_sdp("dump").out
    rejected = ska_sdp("load", "-", stdin=dumped)
    assert rejected.code == 1
    assert rejected.err.endswith("or use --force to skip validation.\n")
    empty(database)
    assert ska_sdp("load", "--force", "-", stdin=dumped).code == 0
    assert contents(database) == {"/eb/eb-l": encode([1])}
    assert ska_sdp("load", "--force", "-", stdin=dumped) == (0, "", "")


def test_dump_reports_a_file_that_cannot_be_written(ska_sdp: Run) -> None:
    reason = "No such file or directory; check the path."
    result = ska_sdp("dump", "/none/such/file")
    assert result == (1, "", f"ska-sdp: Cannot write /none/such/file: {reason}\n")


def test_dump_writes_to_the_target_of_a_link(ska_sdp: Run, tmp_path: Path) -> None:
    target, link = tmp_path / "deep" / "target.yaml", tmp_path / "link.yaml"
    target.parent.mkdir()
    link.symlink_to(target)
    for old in (None, "old"):
        if old:
            target.write_text(old)
        assert ska_sdp("dump", "-q", str(link)).code == 0
        assert link.is_symlink()
        assert target.read_text() == ska_sdp("dump").out
        assert list(target.parent.iterdir()) == [target]


def test_dump_writes_to_pipes_and_devices(
    database: Config, ska_sdp_process: Run, ska_sdp: Run, tmp_path: Path
) -> None:
    fill(database, {"/x": 1})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        assert ska_sdp_process("dump", "-q", str(pipe)).code == 0
        assert read.result(60) == ska_sdp("dump").out
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
    assert ska_sdp_process("dump", "-q", "/dev/fd/1").out == ska_sdp("dump").out


def test_large_dump_is_loaded_in_batches_on_a_default_server(
    etcd_server: Any, tmp_path: Path
) -> None:
    server = etcd_server(max_txn_ops=None)
    file = tmp_path / "large.json"
    values = {f"/x/{n:04}": n for n in range(500)}
    file.write_text(json.dumps({"values": values}))
    with Config(host=server.host, port=server.port) as config:
        rejected = run_here(server, ["load", str(file), "--atomic"])
        assert_rejected(rejected, 1, "--max-txn-ops")
        assert contents(config) == {}
        done = run_here(server, ["load", str(file)])
        assert (done.code, len(done.lines)) == (0, 500)
        assert done.err.startswith("ska-sdp: batch 1 committed: /x/0000 to /x/")
        assert len(contents(config)) == 500
