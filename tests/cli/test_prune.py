"""``ska-sdp prune``, on etcd."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ska_sdp_config import Config
from tests.support.old_blocks import FLOW, NEW, NOW, OLD, OTHERS, OWNER, block

from .conftest import Run, contents, fill


def test_prune_removes_an_old_block_with_its_entries(database: Config, ska_sdp: Run) -> None:
    fill(database, OTHERS | block())
    planned = ska_sdp("prune", "--older-than", "30d", "--dry-run")
    assert (planned.code, planned.err) == (0, "")
    assert sorted(planned.lines) == sorted(f"delete {path}" for path in block())
    assert contents(database).keys() == OTHERS.keys() | block().keys()
    result = ska_sdp("prune", "--older-than", "30d")
    assert (result.code, result.err) == (0, "")
    assert sorted(result.lines) == sorted(f"deleted {path}" for path in block())
    assert contents(database).keys() == OTHERS.keys()
    assert ska_sdp("prune", "--older-than", "30d") == (0, "", "")


def test_prune_removes_only_below_the_prefix(database: Config, ska_sdp: Run) -> None:
    fill(database, block() | {f"/t{path}": value for path, value in block().items()})
    assert ska_sdp("--prefix=/t", "prune", "--older-than=30d").code == 0
    assert contents(database).keys() == block().keys()


PB_STATE = "/pb/pb-b/state"


KEPT: list[tuple[str, dict[str, Any], str]] = [
    ("linked", {"/lmc/subarray/03": {"eb_id": "eb-a"}}, "subarray 03 links it"),
    ("owned", {"/eb/eb-a/owner": OWNER}, "/eb/eb-a has an owner"),
    ("owned block", {"/pb/pb-b/owner": OWNER}, "/pb/pb-b has an owner"),
    (
        "owned deployment",
        {"/deploy/proc-pb-a-receive/owner": OWNER},
        "/deploy/proc-pb-a-receive has an owner",
    ),
    *[
        (status, {PB_STATE: {"status": status}}, f"/pb/pb-b is {status}")
        for status in ("RUNNING", "CANCELLING", "WAITING", "ODD")
    ],
    ("no status", {PB_STATE: {}}, "/pb/pb-b is without a status"),
    ("odd state", {PB_STATE: "odd"}, "/pb/pb-b is without a status"),
    ("flow", {f"{FLOW}/state": {"status": "COMPLETED"}}, f"{FLOW} is COMPLETED"),
    ("flow without state", {f"{FLOW}/state": {}}, f"{FLOW} is without a status"),
    ("allocation", {"/allocation/pb-a:buffer": {}}, "/allocation/pb-a:buffer exists"),
    ("of another", {"/pb/pb-a": {"eb_id": "eb-active"}}, "/pb/pb-a belongs to eb-active"),
    (
        "listed by a linked one",
        {
            "/eb/eb-linked": {"status": "ACTIVE", "pb_batch": ["pb-a"]},
            "/lmc/subarray/03": {"eb_id": "eb-linked"},
            "/pb/pb-a": {},
        },
        "/pb/pb-a is listed by eb-linked, which a subarray links",
    ),
    (
        "dependent",
        {"/pb/pb-new": {"dependencies": [{"pb_id": "pb-a"}]}, "/pb/pb-new/state": {}},
        "/pb/pb-new depends on it and has not ended",
    ),
    (
        "no time",
        {
            "/eb/eb-a": {"status": "FINISHED", "pb_realtime": ["pb-a"]},
            "/eb/eb-a/state": {},
            "/pb/pb-a/state": {"status": "FINISHED"},
        },
        "its age is unknown",
    ),
]


@pytest.mark.parametrize(("what", "change", "reason"), KEPT, ids=[each[0] for each in KEPT])
def test_prune_keeps_blocks_in_use_and_prints_the_reason(
    database: Config, ska_sdp: Run, what: str, change: dict[str, Any], reason: str
) -> None:
    fill(database, OTHERS | block() | change)
    before = contents(database)
    for option in (["--dry-run"], []):
        result = ska_sdp("prune", "--older-than=30d", *option)
        assert (result.code, result.out) == (0, "")
        assert result.err == f"ska-sdp: Kept 1 old execution block: /eb/eb-a: {reason}.\n"
        assert contents(database) == before


def test_state_of_a_flow_that_was_deleted_is_removed(database: Config, ska_sdp: Run) -> None:
    stored = block()
    del stored[FLOW]
    fill(database, stored)
    assert ska_sdp("prune", "--older-than=30d").code == 0
    assert contents(database) == {}


@pytest.mark.parametrize(
    "other", [{}, {"/eb/eb-new": {"status": "FINISHED", "last_updated": OLD}}], ids=["new", "old"]
)
def test_prune_keeps_the_deployment_that_another_block_may_have(
    database: Config, ska_sdp: Run, other: dict[str, Any]
) -> None:
    kept = {
        **other,
        "/pb/pb_a": {"eb_id": "eb-new"},
        "/pb/pb_a/state": {"status": "RUNNING"},
    }
    fill(database, block() | kept)
    assert ska_sdp("prune", "--older-than=30d").code == 0
    assert contents(database).keys() == kept.keys() | {
        "/deploy/proc-pb-a-receive",
        "/deploy/proc-pb-a-receive/state",
    }


EB_B = {"/eb/eb-b": {"status": "FINISHED", "last_updated": OLD, "pb_batch": ["pb-a"]}}


def test_allocation_keeps_each_block_that_lists_its_processing_block(
    database: Config, ska_sdp: Run
) -> None:
    fill(database, block() | EB_B | {"/allocation/pb-a:buffer": {}})
    before = contents(database)
    result = ska_sdp("prune", "--older-than=30d")
    assert (result.out, contents(database)) == ("", before)
    assert "/eb/eb-a: /allocation/pb-a:buffer exists" in result.err


def test_processing_block_that_two_blocks_list_is_removed_once(
    database: Config, ska_sdp: Run
) -> None:
    stored = block() | EB_B | {"/pb/pb-a": {}}
    fill(database, stored)
    result = ska_sdp("prune", "--older-than=30d")
    assert (result.code, result.err) == (0, "")
    assert sorted(result.lines) == sorted(f"deleted {path}" for path in stored)
    assert contents(database) == {}


@pytest.mark.parametrize("status", ["FINISHED", "CANCELLED", "FAILED"])
def test_prune_removes_blocks_of_each_final_status(
    database: Config, ska_sdp: Run, status: str
) -> None:
    eb = {"status": "CANCELLED", "last_updated": OLD}
    fill(database, block() | {"/eb/eb-a": eb, PB_STATE: {"status": status}})
    assert ska_sdp("prune", "--older-than=30d").code == 0
    assert contents(database) == {}


AGES = [
    ({"/eb/eb-a": NEW}, False),
    ({"/eb/eb-a/state": NEW}, False),
    ({"/pb/pb-a/state": NEW}, False),
    ({"/eb/eb-a": None}, True),
    ({"/eb/eb-a": 0.0}, True),
    ({"/eb/eb-a": (NOW - timedelta(days=29)).timestamp()}, False),
]


@pytest.mark.parametrize(("times", "is_removed"), AGES)
def test_age_counts_from_the_newest_time(
    database: Config, ska_sdp: Run, times: dict[str, Any], is_removed: bool
) -> None:
    stored = block()
    for path, time in times.items():
        stored[path] = stored[path] | {"last_updated": time}
    fill(database, stored)
    assert ska_sdp("prune", "--older-than=30d").err == ""
    assert ("/eb/eb-a" not in contents(database)) == is_removed


@pytest.mark.parametrize(
    ("eb_id", "is_removed"),
    [
        (f"eb-gen-{NOW - timedelta(days=32):%Y%m%d}-00000", True),
        (f"eb-gen-{NOW - timedelta(days=2):%Y%m%d}-00000", False),
        ("eb-gen-20261399-00000", False),
    ],
)
def test_age_counts_from_the_date_in_the_id_if_there_is_no_time(
    database: Config, ska_sdp: Run, eb_id: str, is_removed: bool
) -> None:
    fill(database, {f"/eb/{eb_id}": {"status": "FINISHED"}})
    assert ska_sdp("prune", "--older-than=30d").code == 0
    assert (contents(database) == {}) == is_removed


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1y", "1.5d", "", "99999999999999d"])
def test_invalid_age_is_rejected(parse: Run, age: str) -> None:
    result = parse("prune", f"--older-than={age}")
    assert (result.code, "expected a number and s, m, h, d or w" in result.err) == (2, True)


def test_age_is_required(parse: Run) -> None:
    result = parse("prune")
    assert (result.code, "--older-than" in result.err) == (2, True)
