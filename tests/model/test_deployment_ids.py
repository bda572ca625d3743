"""IDs of the deployments of processing blocks."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_config.lmc.deployment_ids import deployment_id, script_deployment_id


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
