"""`ska-sdp get`: each line of its usage, on etcd."""

from __future__ import annotations

import pytest

from ska_sdp_config import Config
from ska_sdp_sim.stack.etcd import Etcd

from .conftest import Result, Run, assert_rejected, fill, run_all

STORED = {
    "/component/proccontrol/owner": {"pid": 7},
    "/flow/pb-a:data-product:a": {"n": 1},
    "/flow/pb-a:data-queue:b": {"n": 2},
    "/flow/pb-a:data-queue:b/state": {"status": "FLOWING"},
    "/flow/pb-b:data-queue:data-product": {"n": 3},
    "/flow/pb-a2:shared-mem:c": {"n": 4},
    "/flow/pb-odd": {"n": 5},
    "/lmc/controller": {"last_command": "On"},
    "/pb/pb-a": {"eb_id": "eb-é", "list": [1, 2]},
    "/pb/pb-a/owner": {"pid": 1},
    "/pb/pb-a/state": {"status": "RUNNING"},
    "/pb/pb-ab": {"eb_id": None},
    "/script/batch:imaging:1.0.0": {"image": "i"},
    "/t/pb/pb-a": {"there": True},
    "/text": "not JSON: NaN",
}

PB_A = [
    '/pb/pb-a = {"eb_id":"eb-é","list":[1,2]}',
    '/pb/pb-a/owner = {"pid":1}',
    '/pb/pb-a/state = {"status":"RUNNING"}',
]

PRODUCT = '/flow/pb-a:data-product:a = {"n":1}'
QUEUE = '/flow/pb-a:data-queue:b = {"n":2}'
QUEUE_STATE = '/flow/pb-a:data-queue:b/state = {"status":"FLOWING"}'
QUEUE_B = '/flow/pb-b:data-queue:data-product = {"n":3}'

USES: list[tuple[str, list[str]]] = [
    ("/pb/pb-a", PB_A[:1]),
    ("-q /pb/pb-a", ['{"eb_id":"eb-é","list":[1,2]}']),
    ("/pb/pb-a/state --quiet", ['{"status":"RUNNING"}']),
    ("/text", ["/text = not JSON: NaN"]),
    ("/text -q", ["not JSON: NaN"]),
    ("/pb/pb-a -o name", ["/pb/pb-a"]),
    # A key is a whole path: the prefix is for objects.
    ("--prefix=/t /pb/pb-a", PB_A[:1]),
    ("pb pb-a", PB_A),
    ("pb -q pb-a", [line.partition(" = ")[2] for line in PB_A]),
    ("pb --prefix /t pb-a", ['/t/pb/pb-a = {"there":true}']),
    ("pb pb-ab", ['/pb/pb-ab = {"eb_id":null}']),
    ("script batch:imaging:1.0.0", ['/script/batch:imaging:1.0.0 = {"image":"i"}']),
    ("controller", ['/lmc/controller = {"last_command":"On"}']),
    ("flow pb-a:data-queue:b", [QUEUE, QUEUE_STATE]),
    ("flow pb-a", [PRODUCT, QUEUE, QUEUE_STATE]),
    ("flow data-queue", [QUEUE, QUEUE_STATE, QUEUE_B]),
    ("flow data-product", [PRODUCT]),
    ("flow pb-a:data-queue", [QUEUE, QUEUE_STATE]),
    ("flow pb-odd", ['/flow/pb-odd = {"n":5}']),
    ("component proccontrol", ['/component/proccontrol/owner = {"pid":7}']),
]


@pytest.fixture(scope="module")
def results(etcd: Etcd) -> dict[str, Result]:
    return run_all(etcd, STORED, [f"get {line}" for line, _ in USES])


@pytest.mark.parametrize(("line", "expected"), USES, ids=[line for line, _ in USES])
def test_get_prints_keys_with_values(
    results: dict[str, Result], line: str, expected: list[str]
) -> None:
    result = results[f"get {line}"]
    assert (result.code, result.err) == (0, "")
    assert result.lines == expected


def test_get_prints_one_document(database: Config, ska_sdp: Run) -> None:
    fill(database, STORED)
    value = {"eb_id": "eb-é", "list": [1, 2]}
    assert ska_sdp("get", "/pb/pb-a", "-o", "json").document == {"/pb/pb-a": value}
    assert ska_sdp("get", "/pb/pb-a", "-q", "-o", "json").document == value
    assert ska_sdp("get", "/text", "-q", "-o", "json").document == "not JSON: NaN"
    assert list(ska_sdp("get", "pb", "pb-a", "-o", "json").document) == [
        "/pb/pb-a",
        "/pb/pb-a/owner",
        "/pb/pb-a/state",
    ]
    assert ska_sdp("-o", "yaml", "get", "-q", "/pb/pb-a").out == (
        "---\neb_id: eb-é\nlist:\n- 1\n- 2\n"
    )


def test_parts_of_a_key_have_the_length_limit_of_ids(database: Config, ska_sdp: Run) -> None:
    part = "a" * 96
    fill(database, {f"/flow/{part}:data-product:{part}": {"a": 1}})
    assert ska_sdp("get", "flow", f"{part}:data-product:{part}").code == 0
    result = ska_sdp("get", "flow", f"{part}:data-product:{part * 2}")
    assert_rejected(result, 2, "is no id")
