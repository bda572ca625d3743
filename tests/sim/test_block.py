"""Deployment IDs, timestamps and dependency cycles."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.block import (
    DONE,
    Block,
    deployment_id,
    find_cycle,
    last_updated_of,
    timestamp,
)


def test_deployment_id_contains_block_and_script() -> None:
    assert deployment_id("pb-a", "vis_receive") == "proc-pb-a-vis-receive"


@given(
    pb_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,95}", fullmatch=True),
    name=st.from_regex(r"[A-Za-z0-9_.-]{1,96}", fullmatch=True),
)
def test_deployment_ids_are_valid(pb_id: str, name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]{1,96}", deployment_id(pb_id, name))


def test_truncated_deployment_ids_stay_unique() -> None:
    long = "pb-" + "x" * 93
    assert deployment_id(long, "a") != deployment_id(long, "b")


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("ACTIVE", "ACTIVE"),
        ("SCANNING", "ACTIVE"),
        (["FINISHED"], "ACTIVE"),
        ({}, "ACTIVE"),
        (None, "ACTIVE"),
        ("FINISHED", "FINISHED"),
        ("CANCELLED", "CANCELLED"),
    ],
)
def test_execution_status_defaults_to_active(status: object, meaning: str) -> None:
    block = Block("pb-a", "realtime", "realtime:a:1", "a", execution_block={"status": status})
    assert block.execution_status == meaning


@pytest.mark.parametrize("status", [["FINISHED"], {"FINISHED": 1}, 5, False])
def test_status_that_is_not_a_string_is_unknown(status: object) -> None:
    block = Block("pb-a", "realtime", "realtime:a:1", "a", state={"status": status})
    assert isinstance(block.status, str)
    assert block.status not in DONE


@pytest.mark.parametrize(
    ("edges", "cycle"),
    [
        ({}, ()),
        ({"a": ["a"]}, ("a", "a")),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"]}, ()),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, ("a", "b", "c", "a")),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, ()),
    ],
)
def test_find_cycle_returns_the_path_back(
    edges: dict[str, list[str]], cycle: tuple[str, ...]
) -> None:
    assert find_cycle("a", lambda name: edges.get(name, [])) == cycle


def test_timestamp_is_utc_in_seconds() -> None:
    zone = timezone(timedelta(hours=2))
    assert timestamp(datetime(2026, 2, 1, 1, 12, 37, 9000, zone)) == "2026-01-31 23:12:37"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            {"last_updated": "2026-01-31 23:12:37"},
            datetime(2026, 1, 31, 23, 12, 37, tzinfo=timezone.utc),
        ),
        ({"last_updated": 0}, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        ({"last_updated": "yesterday"}, None),
        ({"last_updated": ["2026-01-31 23:12:37"]}, None),
        ({"last_updated": 1e300}, None),
        ({}, None),
    ],
)
def test_last_updated_is_parsed_or_none(
    state: dict[str, object], expected: datetime | None
) -> None:
    assert last_updated_of(state) == expected
