"""Short forms of attribute values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ska_sdp_sim.demo.brief import brief
from ska_sdp_sim.demo.event import Value

WAITING = {"status": "WAITING", "resources_available": False, "deployments": {}}
RUNNING = {"status": "RUNNING", "resources_available": True, "deployments": {"d": "PENDING"}}
ADDRESSES = {
    "interface": "x",
    "target": {"vis0": {"host": [[0, "a"], [4, "b"]]}, "vis1": {"host": [[0, "a"]]}},
}


@pytest.mark.parametrize(
    ("attribute", "value", "before", "text"),
    [
        ("obsState", "IDLE", "RESOURCING", "IDLE"),
        ("scanID", 0, 1, "0"),
        ("pbState", None, "{}", "(no value)"),
        ("pbState", "{}", "{}", "{}"),
        ("pbState", {"pb-x-00001": WAITING}, None, "00001 WAITING"),
        (
            "pbState",
            {"pb-x-00001": WAITING, "pb-x-00002": RUNNING},
            {"pb-x-00001": WAITING},
            "00002 RUNNING, resources, deployment PENDING",
        ),
        ("receiveAddresses", "{}", None, "{}"),
        ("receiveAddresses", ADDRESSES, "{}", "2 beams, 2 hosts, 100 characters"),
    ],
)
def test_brief_shortens_values(attribute: str, value: object, before: object, text: str) -> None:
    def plain(content: object) -> Value:
        return json.dumps(content) if isinstance(content, dict) else content  # type: ignore[return-value]  # the rest is plain

    assert brief(attribute, plain(value), plain(before)) == text


@given(st.text())
def test_brief_has_a_maximum_width(text: str) -> None:
    assert len(brief("resources", text)) <= 44
