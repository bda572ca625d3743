"""Entities and states as the programs of the deployed SDP write them, on etcd.

They are shown, waited for and changed, and nothing of them is rejected or lost.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import Run, assert_rejected, contents, fill, run_here, update
from .web import Web

FLOW = "/flow/pb-a:data-product:vis"
DEPENDENCY = "/dependency/pb-a:dlm-copy:vis:ska-data-lifecycle-management"
RESOURCE = "/resource/storage:capacity-buffer"
REQUEST, ALLOCATION = "/request/pb-a:data", "/allocation/pb-a:data"

ODD: list[dict[str, Any]] = [
    {"resource": 5, "quantity": "much", "request": [], "unit": 1, "parameters": "none"},
    {"resource": {"kind": "storage"}, "quantity": None, "request": True, "parameters": []},
    {"amount": {"mb": 5}, "of": "/resource/a/b"},
    {},
]
"""Values whose known fields have other types than expected, or are missing."""

ASSUMED = {"request": REQUEST, "allocation": ALLOCATION, "resource": RESOURCE}


@pytest.mark.parametrize("kind", ASSUMED)
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_update_keeps_fields_of_any_type(
    database: Config, ska_sdp: Run, kind: str, odd: dict[str, Any]
) -> None:
    path = ASSUMED[kind]
    key = path.rpartition("/")[2]
    fill(database, {path: {"old": 1}})
    assert ska_sdp("update", kind, key, json.dumps(odd)) == (0, f"updated {path}\n", "")
    assert contents(database) == {path: encode(odd)}
    assert ska_sdp("get", kind, key, "-o", "json").document == {path: odd}


@pytest.mark.parametrize("line", ["edit {} {}", "update --edit {} {}"])
@pytest.mark.parametrize("kind", ASSUMED)
@pytest.mark.parametrize("odd", ODD[:3], ids=str)
def test_edit_keeps_fields_of_any_type(
    database: Config,
    ska_sdp: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    kind: str,
    odd: dict[str, Any],
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'1s/{/{ "edited": 1,/\' "$1"\n')
    editor.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(editor))
    path = ASSUMED[kind]
    fill(database, {path: odd})
    result = ska_sdp(*line.format(kind, path.rpartition("/")[2]).split())
    assert result == (0, f"updated {path}\n", "")
    assert contents(database) == {path: encode(odd | {"edited": 1})}


@pytest.mark.parametrize("kind", ["request", "allocation"])
@pytest.mark.parametrize("key", ["x", "a:b:c"])
def test_key_with_another_number_of_parts_is_listed_and_shown(
    database: Config, ska_sdp: Run, kind: str, key: str
) -> None:
    root, value = f"/{kind}/", {"by": "others"}
    fill(database, {f"{root}{key}": value, f"{root}pb-a:data": {"quantity": 5}})
    both = sorted([f"{root}{key}", f"{root}pb-a:data"])
    assert ska_sdp("list", kind) == (0, "".join(f"{path}\n" for path in both), "")
    assert ska_sdp("list", kind, "-o", "table").code == 0
    assert ska_sdp("list", kind, "pb-a").lines == [f"{root}pb-a:data"]
    assert ska_sdp("list", kind, key.split(":")[0]).lines == [f"{root}{key}"]
    assert ska_sdp("get", kind, key) == (0, f'{root}{key} = {{"by":"others"}}\n', "")
    assert ska_sdp("describe", kind, "pb-a:data").code == 0
    assert ska_sdp("update", kind, key, '{"by": "me"}').out == f"updated {root}{key}\n"
    assert_rejected(ska_sdp("create", kind, key, "{}"), 2, "expected PB:NAME")
    assert contents(database)[f"{root}{key}"] == encode({"by": "me"})


# The command, a path, its text at first and then, and the beginning of the output.
WAITS: list[tuple[str, str, Any, Any]] = [
    ("flow pb-a:data-product:vis status=COMPLETED", f"{FLOW}/state", {"status": "FLOWING"}, None),
    ("flow pb-a:data-product:vis size=0", f"{FLOW}/state", {"size": -1}, {"size": 0}),
    (f"dependency {DEPENDENCY[12:]} status=FINISHED", f"{DEPENDENCY}/state", {}, None),
    ("request pb-a:data quantity=9", REQUEST, {"quantity": 5}, {"quantity": 9}),
    ("allocation pb-a:data quantity=9", ALLOCATION, {}, {"quantity": 9}),
    (
        "resource storage:capacity-buffer available_mb=9",
        f"{RESOURCE}/state",
        {"available_mb": 5},
        {"available_mb": 9},
    ),
    ("resource storage:capacity-buffer unit=MB", RESOURCE, {"unit": None}, {"unit": "MB"}),
    ("deploy proc-a kind=helm", "/deploy/proc-a", {}, {"kind": "helm"}),
]


@pytest.mark.parametrize(("line", "path", "before", "after"), WAITS, ids=[w[0] for w in WAITS])
def test_wait_ends_with_the_change(
    database: Config, etcd: Etcd, line: str, path: str, before: Any, after: Any
) -> None:
    after = after or {"status": line.rpartition("=")[2]}
    fill(database, {path: before})
    words = ["wait", "--debug", "--timeout=100", *line.split()]
    # After the first log line of the library the command is waiting.
    result = run_here(etcd, words, stderr=lambda: update(database, path, encode(after)))
    text = json.dumps(after, separators=(",", ":"))
    assert (result.code, result.out) == (0, f"{path} = {text}\n")


def test_wait_for_an_absent_flow_names_it_after_its_timeout(ska_sdp: Run) -> None:
    result = ska_sdp("wait", "flow", "pb-a:data-product:vis", "status=DELETED", "--timeout=0.2")
    assert_rejected(result, 4, f"There is nothing at {FLOW}.")


def test_get_subarray_prints_its_entry(database: Config, ska_sdp: Run) -> None:
    entry = {"eb_id": None, "last_command": None, "obs_state_commanded": "EMPTY"}
    fill(database, {"/lmc/subarray/01": entry, "/lmc/subarray/02": {}})
    text = '{"eb_id":null,"last_command":null,"obs_state_commanded":"EMPTY"}'
    assert ska_sdp("get", "subarray", "01") == (0, f"/lmc/subarray/01 = {text}\n", "")
    found = ska_sdp("get", "subarray", "01", "-o", "json").document
    assert found == {"/lmc/subarray/01": entry}


ERRORS = [{"error": "no disk is left", "parameters": {"path": "/data"}}]
FLOW_STATES: list[dict[str, Any]] = [
    {"status": "FLOWING", "size": -1},
    {"status": "COMPLETED", "size": 0, "last_updated": 1769860800.25},
    {"status": "COMPLETED", "size": 12.5, "error_state": []},
    {"status": "FAILED", "error_state": ERRORS, "last_updated": 1769860800},
    *({"status": status} for status in ("WAITING", "INITIALISED", "INCOMPLETE", "DELETING")),
    {"status": "DELETED"},
]


@pytest.mark.parametrize("state", FLOW_STATES, ids=str)
def test_state_of_a_flow_is_shown_and_stored_as_it_is(
    database: Config, ska_sdp: Run, state: dict[str, Any]
) -> None:
    text = json.dumps(state, separators=(",", ":"), sort_keys=True)
    fill(database, {FLOW: {}, f"{FLOW}/state": text, "/pb/pb-a": {}})
    shown = f"{FLOW} = {{}}\n{FLOW}/state = {text}\n"
    assert ska_sdp("get", "flow", "pb-a:data-product:vis") == (0, shown, "")
    described = ska_sdp("describe", "pb", "pb-a", "-o", "json").document
    assert described["states of data flows"] == {f"{FLOW}/state": state}
    new = state | {"note": "mine"}
    line = ("update", "flow-state", "pb-a:data-product:vis", json.dumps(new))
    assert ska_sdp(*line) == (0, f"updated {FLOW}/state\n", "")
    assert contents(database)[f"{FLOW}/state"] == encode(new)


@pytest.mark.parametrize("state", [{}, {"status": "WORKING"}, {"status": "FINISHED"}], ids=str)
def test_state_of_a_dependency_is_shown_as_it_is(
    database: Config, ska_sdp: Run, state: dict[str, Any]
) -> None:
    entity = {"expiry_time": -1, "description": None}
    fill(database, {DEPENDENCY: entity, f"{DEPENDENCY}/state": state})
    result = ska_sdp("get", "dependency", DEPENDENCY[12:], "-o", "json")
    assert result.document == {DEPENDENCY: entity, f"{DEPENDENCY}/state": state}


SYSTEM = 'version: 1.10\nsubarrays: {"01": [SKA001]}\n'
SYSTEM_VALUE = {"version": 1.1, "subarrays": {"01": ["SKA001"]}}


def test_import_system_reads_a_file_and_a_url(
    database: Config, ska_sdp: Run, tmp_path: Path, web: Web
) -> None:
    file = tmp_path / "system.yaml"
    file.write_text(SYSTEM)
    assert ska_sdp("import", "system", str(file)) == (0, "created /system\n", "")
    assert contents(database) == {"/system": encode(SYSTEM_VALUE)}
    web.pages["/system.json"] = json.dumps(SYSTEM_VALUE | {"new": [1]}).encode()
    web.redirects["/moved"] = "/system.json"
    assert ska_sdp("import", "system", web.url("/moved")) == (0, "updated /system\n", "")
    assert contents(database) == {"/system": encode(SYSTEM_VALUE | {"new": [1]})}
    again = ska_sdp("import", "system", web.url("/system.json"), "-o", "json")
    assert again.document == {"unchanged": 1}


@pytest.mark.parametrize(
    ("source", "text", "complaint"),
    [
        ("file", "[1]", "it is a list, not a mapping of fields"),
        ("file", "{a: ", "was rejected, nothing was changed"),
        ("none", "", "No such file"),
        ("url", "", "the server responded 404 Not Found"),
    ],
)
def test_import_system_of_an_invalid_source_changes_nothing(
    database: Config,
    ska_sdp: Run,
    tmp_path: Path,
    web: Web,
    source: str,
    text: str,
    complaint: str,
) -> None:
    fill(database, {"/system": {"old": 1}})
    before = contents(database)
    if source == "file":
        (tmp_path / "file").write_text(text)
    place = web.url("/none") if source == "url" else str(tmp_path / source)
    assert_rejected(ska_sdp("import", "system", place), 1, complaint)
    assert contents(database) == before
