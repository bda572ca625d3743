"""Deployment IDs, statuses and dependency cycles."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.block import DONE, Block, deployment_id, find_cycle, script_deployment_id


def test_deployment_id_contains_block_and_script() -> None:
    assert deployment_id("pb-a", "vis_receive") == "proc-pb-a-vis-receive"


def test_script_deployment_id_contains_the_block() -> None:
    assert script_deployment_id("pb-a") == "proc-pb-a-script"


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
