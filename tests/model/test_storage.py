"""Free space of the capacity buffer."""

from __future__ import annotations

from typing import Any

import pytest

from ska_sdp_config.entity.resource import AVAILABLE_NAMES
from ska_sdp_config.lmc.storage import free_space_mb, storage_path

BUFFER = "/resource/capacity-buffer"


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], None),
        (["/resource/supernet", "/pb/storage", "/resource"], None),
        ([BUFFER], BUFFER),
        (["/resource/x:capacity-buffer-1"], "/resource/x:capacity-buffer-1"),
        (["/resource/storage:fast", BUFFER], BUFFER),
        (["/resource/my-storage", "/resource/a:storage/state"], "/resource/a:storage"),
        # The names count in the path of the resource, not in those below it.
        (["/resource/a/storage"], None),
    ],
)
def test_storage_is_first_resource_with_its_name(paths: list[str], expected: str | None) -> None:
    assert storage_path("", lambda _: paths) == expected
    assert storage_path("", lambda _: reversed(paths)) == expected


@pytest.mark.parametrize("name", AVAILABLE_NAMES)
def test_free_space_is_read_by_any_name(name: str) -> None:
    assert free_space_mb({BUFFER: {name: 5.9}}, "") == 5
    assert free_space_mb({f"{BUFFER}/state": {name: 5}}, "") == 5


def test_free_space_of_state_precedes_that_of_entity() -> None:
    entity = {"available_mb": 9}
    assert free_space_mb({BUFFER: entity, f"{BUFFER}/state": {"free": 4}}, "") == 4
    assert free_space_mb({BUFFER: entity, f"{BUFFER}/state": {"total": 4}}, "") == 9


def test_free_space_of_configured_path_precedes_others() -> None:
    documents = {BUFFER: {"available_mb": 1}, "/disk": {"free": 2}, "/disk/state": {"free": 3}}
    assert free_space_mb(documents, "/disk") == 3
    assert free_space_mb(documents, "/absent") == -1


@pytest.mark.parametrize(
    "value", [None, "5", True, -1, -0.5, 2**63, 10**400, float("inf"), [], {}]
)
def test_free_space_is_minus_one_unless_valid(value: Any) -> None:
    assert free_space_mb({BUFFER: {"available_mb": value}}, "") == -1
    assert free_space_mb({}, "") == -1
