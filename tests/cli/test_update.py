"""`ska-sdp update`, on etcd."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from ska_sdp_config import Config
from ska_sdp_config.entity.codec import encode
from ska_sdp_config.lmc.statuses import PB_STATUSES

from .conftest import Run, contents, fill

USES: list[tuple[str, str, Any]] = [
    ("script batch:test:0.0.0 '{image: j}'", "/script/batch:test:0.0.0", {"image": "j"}),
    ("eb eb-a '{test: false}'", "/eb/eb-a", {"test": False}),
    ("deployment dpl-a '{args: {chart: c}}'", "/deploy/dpl-a", {"args": {"chart": "c"}}),
    ("pb-state pb-b '{status: FAILED}'", "/pb/pb-b/state", {"status": "FAILED"}),
    ("""controller '{last_command: "On"}'""", "/lmc/controller", {"last_command": "On"}),
    ("subarray 01 '{eb_id: eb-a}'", "/lmc/subarray/01", {"eb_id": "eb-a"}),
    (
        "flow pb-a:data-queue:vis '{data_model: V}'",
        "/flow/pb-a:data-queue:vis",
        {"data_model": "V"},
    ),
    (
        "dependency pb-a:k:vis:o '{description: d}'",
        "/dependency/pb-a:k:vis:o",
        {"description": "d"},
    ),
    (
        "resource storage:buffer '{quantity: 1}'",
        "/resource/storage:buffer",
        {"quantity": 1},
    ),
    ("request pb-a:data '{quantity: 1}'", "/request/pb-a:data", {"quantity": 1}),
    ("allocation pb-a:data '{quantity: 1}'", "/allocation/pb-a:data", {"quantity": 1}),
    ("system '{a: [1]}'", "/system", {"a": [1]}),
    ("/x '{a: [1]}'", "/x", {"a": [1]}),
]


@pytest.mark.parametrize(("line", "path", "value"), USES, ids=[use[1] for use in USES])
def test_update_replaces_one_value(
    samples: Config, ska_sdp: Run, line: str, path: str, value: Any
) -> None:
    before = contents(samples)
    assert ska_sdp("update", *shlex.split(line)) == (0, f"updated {path}\n", "")
    assert contents(samples) == before | {path: encode(value)}


OLD_STATE = {"status": "ACTIVE", "scan_id": 1, "scans": [1], "mine": 2, "last_updated": "long ago"}


@pytest.mark.parametrize("line", ["update eb eb-a", "update /eb/eb-a", "create eb eb-b"])
def test_update_writes_the_state_of_an_execution_block(
    database: Config, ska_sdp: Run, line: str
) -> None:
    ends = {"eb-a": {"status": "OLD"}, "eb-b": None}
    for key, eb in ends.items():
        fill(database, {f"/eb/{key}": eb} if eb else {})
        fill(database, {f"/eb/{key}/state": OLD_STATE})
    path = f"/eb/{line[-4:]}"
    new = {"status": "SCANNING", "scan_id": 7, "current_scan_type": "s", "last_updated": "now"}
    result = ska_sdp(*line.split(), encode(new))
    assert (result.code, result.err) == (0, "")
    changed = [f"updated {path}", f"updated {path}/state"]
    assert result.lines == ([f"created {path}"] if "create" in line else changed)
    assert json.loads(contents(database)[f"{path}/state"]) == {
        "status": "SCANNING",
        "scan_type": "s",
        "scan_id": 7,
        "scans": [1],
        "mine": 2,
        "last_updated": "now",
    }
    on_commit = {database.backend.get(each)[1].mod_revision for each in (path, f"{path}/state")}
    assert len(on_commit) == 1, "it was not one transaction"


@pytest.mark.parametrize("scans", [None, {}])
def test_update_accepts_scans_of_any_form(database: Config, ska_sdp: Run, scans: Any) -> None:
    fill(database, {"/eb/eb-a": {"scans": scans}})
    assert ska_sdp("update", "eb", "eb-a", encode({"scans": scans, "more": 1})).code == 0
    assert json.loads(contents(database)["/eb/eb-a"]) == {"scans": scans, "more": 1}


@pytest.mark.parametrize("state", [{"status": "X"}, "no mapping", "[]"])
@pytest.mark.parametrize("eb", ["{}", "{test: 1}", "[]"])
def test_update_keeps_a_state_that_is_not_a_mapping(
    database: Config, ska_sdp: Run, state: Any, eb: str
) -> None:
    fill(database, {"/eb/eb-a": {"old": 1}, "/eb/eb-a/state": state})
    force = ["--force"] if eb == "[]" else []
    assert ska_sdp("update", "/eb/eb-a", eb, *force).code == 0
    stored = contents(database)["/eb/eb-a/state"]
    if isinstance(state, dict) and not force:
        assert json.loads(stored)["status"] == "X"
    else:
        assert stored in (state, encode(state))


def test_update_creates_a_missing_state(samples: Config, ska_sdp: Run) -> None:
    result = ska_sdp("update", "pb-state", "pb-a", '{"status": "RUNNING"}')
    assert result == (0, "created /pb/pb-a/state\n", "")
    assert contents(samples)["/pb/pb-a/state"] == encode({"status": "RUNNING"})


def test_update_to_the_stored_value_does_not_write(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/eb/eb-a": '{"b":1,"a":2}'})
    before = database.backend.get("/eb/eb-a")[1].mod_revision
    result = ska_sdp("update", "eb", "eb-a", '{"a": 2, "b": 1}', "-o", "json")
    assert result.document == {"unchanged": 1}
    assert database.backend.get("/eb/eb-a")[1].mod_revision == before


def test_update_with_force_skips_validation(samples: Config, ska_sdp: Run) -> None:
    assert ska_sdp("update", "/pb/pb-a", "no: {JSON", "--force").code == 0
    assert contents(samples)["/pb/pb-a"] == "no: {JSON"


@pytest.mark.parametrize("line", ["update pb-state pb-b", "update /pb/pb-b/state"])
def test_update_rejects_an_unknown_status(samples: Config, ska_sdp: Run, line: str) -> None:
    before = contents(samples)
    result = ska_sdp(*line.split(), '{"status": "DONE"}')
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "ska-sdp: The value for /pb/pb-b/state was rejected, nothing was changed: unknown status "
        f"'DONE', expected one of {', '.join(PB_STATUSES)}; use --force to store it.\n"
    )
    assert contents(samples) == before
    assert ska_sdp(*line.split(), '{"status": "DONE"}', "--force").code == 0
    assert json.loads(contents(samples)["/pb/pb-b/state"]) == {"status": "DONE"}
    # A status that another program has stored may stay.
    assert ska_sdp(*line.split(), '{"status": "DONE", "more": 1}').code == 0


@pytest.mark.parametrize(
    "line", ["update pb pb-b", "update pb-state pb-b", "update /pb/pb-b/state"]
)
@pytest.mark.parametrize("field", ["script", "parameters"])
def test_update_rejects_a_processing_block_as_its_state(
    samples: Config, ska_sdp: Run, line: str, field: str
) -> None:
    before = contents(samples)
    value = encode({"eb_id": None, field: {}})
    result = ska_sdp(*line.split(), value)
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "ska-sdp: The value for /pb/pb-b/state was rejected, nothing was changed: it is a "
        "processing block, not its state: processing blocks are immutable, give the new state "
        "with its status; use --force to store it.\n"
    )
    assert contents(samples) == before
    assert ska_sdp(*line.split(), value, "--force").code == 0
    assert ska_sdp(*line.split(), encode({"status": "RUNNING", field: {}})).code == 0


def test_update_with_force_validates_the_fields_of_a_state(samples: Config, ska_sdp: Run) -> None:
    result = ska_sdp("update", "--force", "pb-state", "pb-b", "{status: NEW, reason: [1]}")
    assert (result.code, "reason is [1]" in result.err) == (1, True)
    assert ska_sdp("update", "pb-state", "--force", "pb-b", "{status: NEW}").code == 0
    assert contents(samples)["/pb/pb-b/state"] == encode({"status": "NEW"})


@pytest.mark.parametrize("status", PB_STATUSES)
def test_update_accepts_each_known_status(samples: Config, ska_sdp: Run, status: str) -> None:
    assert ska_sdp("update", "pb-state", "pb-a", encode({"status": status})).code == 0


ORPHANS = [
    ("update pb-state pb-none {}", "/pb/pb-none", "pb"),
    ("update --force pb-state pb-none {}", "/pb/pb-none", "pb"),
    ("update eb-state eb-none {}", "/eb/eb-none", "eb"),
    ("update deployment-state dpl-none {}", "/deploy/dpl-none", "deployment"),
    ("update flow-state pb-a:k:none {}", "/flow/pb-a:k:none", "flow"),
    ("update resource-state none {}", "/resource/none", "resource"),
    ("update /pb/pb-orphan/state {}", "/pb/pb-orphan", "pb"),
    ("create /pb/pb-none/state {}", "/pb/pb-none", "pb"),
    ("edit pb-state pb-none", "/pb/pb-none", "pb"),
    ("edit /pb/pb-orphan/state", "/pb/pb-orphan", "pb"),
]


@pytest.mark.parametrize(("line", "path", "kind"), ORPHANS, ids=[each[0] for each in ORPHANS])
def test_state_of_a_missing_object_is_rejected(
    samples: Config, ska_sdp: Run, line: str, path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "false")
    fill(samples, {"/pb/pb-orphan/state": {"status": "RUNNING"}})
    before = contents(samples)
    result = ska_sdp(*line.split())
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        f"ska-sdp: There is nothing at {path}, so its state was not written: "
        f"try 'ska-sdp list {kind}'.\n"
    )
    assert contents(samples) == before


def test_state_of_a_missing_object_is_written_with_force(samples: Config, ska_sdp: Run) -> None:
    assert ska_sdp("create", "--force", "/pb/pb-none/state", "{}").code == 0
    assert ska_sdp("update", "--force", "/pb/pb-none/state", "[]").code == 0
    assert contents(samples)["/pb/pb-none/state"] == "[]"
