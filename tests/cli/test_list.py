"""`ska-sdp list`: each line of its usage, on etcd."""

from __future__ import annotations

import pytest

from ska_sdp_config import Config
from ska_sdp_config.cli.list import _objects, _of_date, _stream
from ska_sdp_config.cli.objects import PB as PB_OBJECT
from ska_sdp_config.entity.codec import encode
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import Result, Run, Start, fill, run_all

STORED = {
    "/allocation/pb-a:data": {"resource": "/resource/storage:buffer", "quantity": 5},
    "/component/proccontrol/owner": {"pid": 7, "hostname": "here", "command": ["x"]},
    "/deploy/dpl-a": {"kind": "helm", "args": {"chart": "c"}},
    "/deploy/dpl-a/state": {"pods": {}},
    "/dependency/pb-a:data-queue:vis:plot": {"description": "d", "expiry_time": -1},
    "/eb/eb-a": {"test": True},
    "/eb/eb-a/state": {"status": "ACTIVE"},
    "/flow/pb-a:data-queue:vis": {"data_model": "Visibility"},
    "/flow/pb-a:data-queue:vis/state": {"status": "FLOWING"},
    "/lmc/controller": {"last_command": "On"},
    "/lmc/controllers": "a neighbour by name",
    "/lmc/subarray/01": {"eb_id": "eb-a"},
    "/lmc/subarray/02": {},
    "/pb/pb-20210102-20210304-00000": {"eb_id": None},
    "/pb/pb-a-20210102-00000": {"eb_id": "eb-a", "n": 1.50},
    "/pb/pb-a-20210102-00000/owner": {"pid": 1},
    "/pb/pb-a-20210102-00000/state": {"status": "RUNNING"},
    "/request/pb-a:data": {"resource": "/resource/storage:buffer", "quantity": 5},
    "/request/pb-b:data": {},
    "/resource/buffer": {},
    "/resource/storage:buffer": {"quantity": 100, "unit": "MB"},
    "/resource/storage:buffer/state": {"available_mb": 90},
    "/script/batch:imaging:1.0.0": {"image": "i:1.0.0"},
    "/script/realtime:receive:2.0.0": {"image": "r:2.0.0"},
    "/t/pb/pb-t-20210102-00001": {"eb_id": None},
    "/t/pb/pb-t-20210102-00001/state": {},
    "/zz": "text,\nnot JSON",
}

PB, PB_OWNER, PB_STATE = [path for path in STORED if path.startswith("/pb/pb-a")]
OTHER_PB = "/pb/pb-20210102-20210304-00000"

USES: list[tuple[str, list[str]]] = [
    ("-a", sorted(STORED)),
    ("--all", sorted(STORED)),
    ("-a --prefix=/t", [path for path in STORED if path.startswith("/t/")]),
    ("pb", [OTHER_PB, PB]),
    ("pb -a", [OTHER_PB, PB, PB_OWNER, PB_STATE]),
    ("pb 20210102", [PB]),
    ("pb 20210102 -a", [PB, PB_OWNER, PB_STATE]),
    ("pb 20210304", [OTHER_PB]),
    ("pb 20210305", []),
    ("--prefix=/t pb", ["/t/pb/pb-t-20210102-00001"]),
    ("--prefix /t/ pb 20210102", ["/t/pb/pb-t-20210102-00001"]),
    ("--prefix /nowhere pb", []),
    ("script", ["/script/batch:imaging:1.0.0", "/script/realtime:receive:2.0.0"]),
    ("script batch", ["/script/batch:imaging:1.0.0"]),
    ("script REALTIME", ["/script/realtime:receive:2.0.0"]),
    ("script Realtime -q", ["/script/realtime:receive:2.0.0"]),
    ("deployment", ["/deploy/dpl-a"]),
    ("deployment -a", ["/deploy/dpl-a", "/deploy/dpl-a/state"]),
    ("eb", ["/eb/eb-a"]),
    ("eb --all -o name", ["/eb/eb-a", "/eb/eb-a/state"]),
    ("controller", ["/lmc/controller"]),
    ("controller -a", ["/lmc/controller"]),
    ("subarray", ["/lmc/subarray/01", "/lmc/subarray/02"]),
    ("flow", ["/flow/pb-a:data-queue:vis"]),
    ("flow -a", ["/flow/pb-a:data-queue:vis", "/flow/pb-a:data-queue:vis/state"]),
    ("flow pb-a", ["/flow/pb-a:data-queue:vis"]),
    ("flow data-queue", ["/flow/pb-a:data-queue:vis"]),
    ("flow pb-a:data-queue -q", ["/flow/pb-a:data-queue:vis"]),
    ("flow -a pb-a", ["/flow/pb-a:data-queue:vis", "/flow/pb-a:data-queue:vis/state"]),
    ("flow vis", []),
    ("flow pb", []),
    ("--prefix=/t flow pb-a", []),
    ("dependency pb-a", ["/dependency/pb-a:data-queue:vis:plot"]),
    ("dependency", ["/dependency/pb-a:data-queue:vis:plot"]),
    ("resource", ["/resource/buffer", "/resource/storage:buffer"]),
    ("resource storage", ["/resource/storage:buffer"]),
    ("resource -a storage", ["/resource/storage:buffer", "/resource/storage:buffer/state"]),
    ("request", ["/request/pb-a:data", "/request/pb-b:data"]),
    ("request pb-a", ["/request/pb-a:data"]),
    ("allocation pb-a", ["/allocation/pb-a:data"]),
    ("component", ["/component/proccontrol/owner"]),
    # With values
    ("-v eb", ['/eb/eb-a = {"test":true}']),
    ("eb --values", ['/eb/eb-a = {"test":true}']),
    ("eb -qv", ['{"test":true}']),
    ("pb 20210102 -v", [PB + ' = {"eb_id":"eb-a","n":1.5}']),
    ("-q eb", ["/eb/eb-a"]),
    ("-avo name --prefix=/t", [path for path in STORED if path.startswith("/t/")]),
]


@pytest.fixture(scope="module")
def results(etcd: Etcd) -> dict[str, Result]:
    return run_all(etcd, STORED, [f"list {line}" for line, _ in USES])


@pytest.mark.parametrize(("line", "expected"), USES, ids=[line for line, _ in USES])
def test_list_prints_paths(results: dict[str, Result], line: str, expected: list[str]) -> None:
    result = results[f"list {line}"]
    assert (result.code, result.err) == (0, "")
    assert result.lines == expected


def test_list_prints_text_that_is_not_json_verbatim(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/a": "text,\n not JSON", "/b": '{"x": 1.10, "y": "a  \\" b\\u00e9"}'})
    assert ska_sdp("list", "-av").out == (
        '/a = text,\n not JSON\n/b = {"x":1.10,"y":"a  \\" b\\u00e9"}\n'
    )


def test_list_prints_one_document(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    assert ska_sdp("list", "-o", "json", "subarray").document == [
        "/lmc/subarray/01",
        "/lmc/subarray/02",
    ]
    assert ska_sdp("list", "subarray", "-vojson").document == {
        "/lmc/subarray/01": {"eb_id": "eb-a"},
        "/lmc/subarray/02": {},
    }
    assert ska_sdp("list", "subarray", "-qv", "-o", "json").document == [{"eb_id": "eb-a"}, {}]
    assert ska_sdp("list", "subarray", "-v", "-o", "yaml").out == (
        "---\n/lmc/subarray/01:\n  eb_id: eb-a\n/lmc/subarray/02: {}\n"
    )
    assert ska_sdp("list", "flow", "-o", "json", "--prefix=/none").document == []


def test_list_prints_fields_in_a_table(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    table = ska_sdp("list", "-o", "table", "script")
    assert [line.split() for line in table.lines] == [
        ["KEY", "IMAGE"],
        ["/script/batch:imaging:1.0.0", "i:1.0.0"],
        ["/script/realtime:receive:2.0.0", "r:2.0.0"],
    ]
    assert "\x1b" not in table.out


def test_table_of_subarrays_has_entries_of_version_0_1(database: Config, ska_sdp: Run) -> None:
    present = '{"obs_state_commanded": "IDLE", "state_commanded": "ON"}'
    older = '{"obs_state_target": "SCANNING", "state": "ON"}'
    owners: dict[str, object] = {
        f"/component/{name}/owner": {}
        for name in ("proccontrol", "helmdeploy", "lmc-subarray-01", "lmc-subarray-02")
    }
    fill(database, {**owners, "/lmc/subarray/01": present, "/lmc/subarray/02": older})
    table = ska_sdp("list", "-o", "table", "subarray")
    assert [line.split() for line in table.lines] == [
        ["KEY", "STATE", "OBSSTATE", "FOR", "PBS", "SCAN", "HEALTH", "EB"],
        ["/lmc/subarray/01", "ON", "IDLE", "-", "0/0", "-", "OK", "-"],
        ["/lmc/subarray/02", "ON", "SCANNING", "-", "0/0", "-", "OK", "-"],
    ]


def test_long_table_is_read_in_pages_of_one_revision(
    database: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{_stream.__module__}.PAGE_SIZE", 3)
    fill(database, {f"/pb/pb-{n}-2021010{n % 2 + 1}-00000": {"n": n} for n in range(10)})
    listing = _of_date(_objects(PB_OBJECT, ""), "20210101")
    stream = _stream(database.backend, listing)
    found = [next(stream)]
    for txn in database.txn():
        txn.update("/pb/pb-8-20210101-00000", "later")
        txn.delete("/pb/pb-6-20210101-00000")
    found += stream
    assert [entry for entry, _ in found] == [
        (f"/pb/pb-{n}-20210101-00000", encode({"n": n})) for n in range(0, 10, 2)
    ]


def test_page_has_states_of_ids_that_begin_with_others(
    database: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # /pb/a-b/state is before /pb/a/state.
    monkeypatch.setattr(f"{_stream.__module__}.PAGE_SIZE", 2)
    ids = ("a", "a-b", "a-c", "b")
    fill(database, {f"/pb/{each}": {} for each in ids})
    fill(database, {f"/pb/{each}/state": f'"{each}"' for each in ids if each != "a-c"})
    found = _stream(database.backend, _objects(PB_OBJECT, ""), "/state")
    assert [state for _, state in found] == ['"a"', '"a-b"', None, '"b"']


def test_closed_pipe_is_not_reported(database: Config, start: Start) -> None:
    fill(database, {f"/pb/pb-{i:03}": "x" * 1000 for i in range(300)})
    process = start("list", "-v", "pb")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("/pb/pb-000 = x")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 1
