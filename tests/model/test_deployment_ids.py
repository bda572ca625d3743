"""IDs of the deployments of processing blocks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.lmc.deployment_ids import (
    BlocksOfDeployments,
    deployment_id,
    script_deployment_id,
)


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


LONG = "pb-" + "x" * 93
"""ID of a block that no ID of a deployment has whole."""

OWNERS: list[tuple[str, set[str], set[str]]] = [
    ("proc-pb-a-script", {"pb-a"}, {"pb-a"}),
    ("proc-pb-a", {"pb-a"}, {"pb-a"}),
    ("proc-pb-a-b-script", {"pb-a", "pb-a-b", "pb"}, {"pb-a-b"}),
    ("proc-pb-a-script", {"pb-b"}, set()),
    ("proc-pb-ab-script", {"pb-a"}, set()),
    ("proc-pb-a-script", {"pb_a"}, {"pb_a"}),
    ("proc-pb-a-script", {"pb_a", "pb-a", "pb.a"}, {"pb_a", "pb-a", "pb.a"}),
    ("proc-pb-a-script", {"pb_a", "pb"}, {"pb_a"}),
    ("proc-pb--script", {"pb-"}, {"pb-"}),
    # Only words of other scripts precede the ID of a block.
    ("proc-pb-a-x-script", {"x"}, set()),
    ("receive-pb-a-1", {"pb-a"}, {"pb-a"}),
    ("receive-pb-a-1", {"a", "pb-a"}, {"pb-a"}),
    ("mine", {"pb-a"}, set()),
    ("", {"pb-a"}, set()),
    (deployment_id(LONG, "script"), {LONG, "pb", "pb-a"}, {LONG}),
    (deployment_id(LONG, "script"), {LONG[:84]}, {LONG[:84]}),
    (deployment_id(LONG, "script"), {LONG[:-1] + "y", LONG}, {LONG[:-1] + "y", LONG}),
    (deployment_id(LONG, "script"), {"pb-" + "x" * 70}, set()),
]


@pytest.mark.parametrize(("name", "pb_ids", "expected"), OWNERS)
def test_deployment_belongs_to_the_longest_id(
    name: str, pb_ids: set[str], expected: set[str]
) -> None:
    assert BlocksOfDeployments(pb_ids).blocks_of(name) == expected


def test_candidates_are_ids_of_any_length() -> None:
    blocks = BlocksOfDeployments({"pb", "pb-a", "pb_a", "pb-b", "a"})
    assert blocks.candidates("proc-pb-a-script") == {"pb", "pb-a", "pb_a"}


@given(
    pb_id=st.from_regex(r"[A-Za-z0-9_.:-]{1,128}", fullmatch=True),
    name=st.from_regex(r"[A-Za-z0-9_.-]{1,96}", fullmatch=True),
    others=st.sets(st.from_regex(r"[A-Za-z0-9_.:-]{1,128}", fullmatch=True)),
)
def test_every_deployment_may_belong_to_its_block(pb_id: str, name: str, others: set[str]) -> None:
    blocks = BlocksOfDeployments({pb_id, *others})
    for made in (deployment_id(pb_id, name), script_deployment_id(pb_id)):
        assert pb_id in blocks.candidates(made)
        assert blocks.blocks_of(made) <= blocks.candidates(made)
        assert BlocksOfDeployments({pb_id}).blocks_of(made) == {pb_id}
