"""Deployment IDs, statuses and dependency cycles."""

from __future__ import annotations

import pytest

from ska_sdp_sim.block import DONE, Block, find_cycle


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
