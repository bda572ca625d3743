"""`ska-sdp describe`: the entries related to an object."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config import Config

from .conftest import Run, fill

SCRIPT = {"kind": "realtime", "name": "vis", "version": "1.0.0"}
OWNER = {"pid": 7, "hostname": "here", "command": ["x"]}
LINK = "/resource/storage:buffer"
STORED: dict[str, Any] = {
    "/allocation/pb-a:data": {"resource": LINK, "request": "/request/pb-a:data", "quantity": 5},
    "/allocation/pb-y:lost": {"resource": "/resource/gone", "request": None},
    "/allocation/pb-z:data": {"resource": LINK, "quantity": 7},
    "/dependency/pb-a:k:vis:plot": {"description": "d"},
    "/dependency/pb-z:k:vis:pb-a": {},
    "/dependency/pb-z:k:vis:plot": {},
    "/deploy/other": {"kind": "helm", "args": {}},
    "/deploy/proc-pb-a-vis": {"kind": "helm", "args": {"chart": "vis"}},
    "/deploy/proc-pb-a-vis/state": {"status": "RUNNING"},
    "/deploy/pb-a": {"kind": "helm", "args": {}},
    "/deploy/proc-pb-a2-vis": {"kind": "helm", "args": {}},
    "/deploy/proc-opb-a-vis": {"kind": "helm", "args": {}},
    "/deploy/proc-pb-z-vis": {"kind": "helm", "args": {}},
    "/deploy/named": {"kind": "helm", "args": {}},
    "/eb/eb-a": {"pb_realtime": ["pb-a"], "pb_batch": ["pb-b", "pb-gone"], "subarray_id": "01"},
    "/eb/eb-a/state": {"status": "ACTIVE"},
    "/flow/pb-a:data-queue:vis": {"data_model": "Visibility"},
    "/flow/pb-a:data-queue:vis/state": {"status": "FLOWING"},
    "/flow/pb-z:data-queue:vis": {},
    "/lmc/subarray/01": {"eb_id": "eb-a"},
    "/lmc/subarray/02": {"eb_id": None},
    "/pb/pb-a": {"eb_id": "eb-a", "script": SCRIPT, "parameters": {"long": "x" * 500}},
    "/pb/pb-a/owner": OWNER,
    "/pb/pb-a/state": {"status": "RUNNING", "deployments": {"named": "RUNNING"}},
    "/pb/pb-b": {"eb_id": "eb-a", "script": SCRIPT | {"kind": "batch"}},
    "/pb/pb-c": {"eb_id": "eb-a", "script": SCRIPT},
    "/pb/pb-z": {"eb_id": None, "script": SCRIPT},
    "/request/pb-a:data": {"resource": LINK, "quantity": 5},
    "/request/pb-z:pb-a": {"resource": LINK, "quantity": 6},
    "/resource/storage:buffer": {"quantity": 100, "unit": "MB"},
    "/resource/storage:buffer/state": {"available_mb": 90},
    "/resource/storage:other": {},
    "/script/batch:vis:1.0.0": {"image": "b"},
    "/script/realtime:vis:1.0.0": {"image": "r"},
    "/system": {"any": "thing"},
}

OF_PB_A = {
    "/script/realtime:vis:1.0.0",
    "/deploy/proc-pb-a-vis",
    "/deploy/proc-pb-a-vis/state",
    "/deploy/named",
    "/deploy/pb-a",
    "/flow/pb-a:data-queue:vis",
    "/flow/pb-a:data-queue:vis/state",
    "/dependency/pb-a:k:vis:plot",
    "/dependency/pb-z:k:vis:pb-a",
    "/request/pb-a:data",
    "/allocation/pb-a:data",
    "/pb/pb-a",
    "/pb/pb-a/state",
    "/pb/pb-a/owner",
}
OF_EB_A = OF_PB_A | {
    "/eb/eb-a",
    "/eb/eb-a/state",
    "/pb/pb-b",
    "/pb/pb-c",
    "/script/batch:vis:1.0.0",
}
GONE = "ska-sdp: Referenced, but not in the database: /pb/pb-gone.\n"

USES = [
    ("pb pb-a", OF_PB_A),
    ("eb eb-a", OF_EB_A),
    ("subarray 01", OF_EB_A | {"/lmc/subarray/01"}),
    ("subarray 02", {"/lmc/subarray/02"}),
    (
        "resource storage:buffer",
        {
            LINK,
            f"{LINK}/state",
            "/request/pb-a:data",
            "/request/pb-z:pb-a",
            "/allocation/pb-a:data",
            "/allocation/pb-z:data",
        },
    ),
    (
        "request pb-a:data",
        {"/request/pb-a:data", LINK, f"{LINK}/state", "/allocation/pb-a:data"},
    ),
    (
        "allocation pb-a:data",
        {"/request/pb-a:data", LINK, f"{LINK}/state", "/allocation/pb-a:data"},
    ),
    ("allocation pb-z:data", {"/allocation/pb-z:data", LINK, f"{LINK}/state"}),
    ("system", {"/system"}),
]


@pytest.mark.parametrize(("line", "paths"), USES, ids=[line for line, _ in USES])
def test_describe_prints_all_related_entries(
    database: Config, ska_sdp: Run, line: str, paths: set[str]
) -> None:
    fill(database, STORED)
    result = ska_sdp("describe", "-o", "name", *line.split())
    assert (result.code, result.err) == (0, GONE if paths >= OF_EB_A else "")
    assert len(result.lines) == len(set(result.lines))
    assert set(result.lines) == paths


def test_describe_prints_each_format(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    assert ska_sdp("describe", "subarray", "02").out == '/lmc/subarray/02 = {"eb_id":null}\n'
    document = ska_sdp("describe", "eb", "eb-a", "-o", "json").document
    assert document["execution blocks"]["/eb/eb-a/state"] == {"status": "ACTIVE"}
    assert document["owners"] == {"/pb/pb-a/owner": OWNER}
    assert document["states of data flows"] == {
        "/flow/pb-a:data-queue:vis/state": {"status": "FLOWING"}
    }
    table = ska_sdp("describe", "eb", "eb-a", "-o", "table").out
    assert "EXECUTION BLOCKS\n/eb/eb-a\n  pb_batch" in table
    rows = [line.split() for line in table.splitlines()]
    assert ["/pb/pb-b", "batch", "vis", "1.0.0", "eb-a"] in rows
    assert ["/pb/pb-a/state", "RUNNING"] in rows
    assert ["/flow/pb-a:data-queue:vis", "Visibility"] in rows


def test_describe_shows_the_pods_of_deployments(database: Config, ska_sdp: Run) -> None:
    states = {"/deploy/pb-a/state": {"num_pod": 1, "pods": {"pb-a-0": "PENDING"}}}
    fill(database, STORED | states | {"/deploy/named/state": {"status": "RUNNING"}})
    table = ska_sdp("describe", "pb", "pb-a", "-o", "table").out
    words = table.partition("STATES OF DEPLOYMENTS\n")[2].split()
    assert words[:3] == ["KEY", "STATUS", "PODS"]
    assert words[words.index("/deploy/named/state") + 1] == "RUNNING"
    assert words[words.index("/deploy/pb-a/state") + 1 :][:2] == ['{"pb-a-0":', '"PENDING"}']


def test_describe_names_a_missing_resource(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    result = ska_sdp("describe", "allocation", "pb-y:lost")
    assert result.err == GONE.replace("/pb/pb-gone", "/resource/gone")


def test_describe_names_a_missing_execution_block(database: Config, ska_sdp: Run) -> None:
    fill(database, {"/lmc/subarray/03": {"eb_id": "eb-gone"}})
    assert ska_sdp("describe", "subarray", "03").err == GONE.replace("/pb/pb-gone", "/eb/eb-gone")
    assert ska_sdp("describe", "subarray", "03", "-q").err == ""


def test_describe_reads_only_its_prefix(database: Config, ska_sdp: Run) -> None:
    fill(database, {f"/t{path}": value for path, value in STORED.items()} | {"/pb/pb-a": {}})
    result = ska_sdp("describe", "--prefix=/t", "pb", "pb-a", "-o", "name")
    assert set(result.lines) == {f"/t{path}" for path in OF_PB_A}
