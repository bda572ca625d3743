"""`ska-sdp describe`: references that are no IDs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ska_sdp_config import Config

from .conftest import Run, fill

SCRIPT = {"kind": "realtime", "name": "vis", "version": "1.0.0"}
PB = {"eb_id": "eb-a", "script": SCRIPT}
STORED: dict[str, Any] = {
    "/deploy/named": {"kind": "helm", "args": {}},
    "/eb/eb-a": {"pb_realtime": ["pb-a"], "pb_batch": []},
    "/lmc/subarray/01": {"eb_id": "eb-a"},
    "/pb/pb-a": PB,
    "/pb/pb-a/state": {"status": "RUNNING", "deployments": {"named": "RUNNING"}},
    "/script/realtime:vis:1.0.0": {"image": "r"},
}

FAULTS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("subarray 01", "/lmc/subarray/01", {"eb_id": "eb-a/"}, "'eb-a/' in eb_id", ""),
    ("subarray 01", "/lmc/subarray/01", {"eb_id": ""}, "'' in eb_id", ""),
    ("subarray 01", "/lmc/subarray/01", {"eb_id": 7}, "'7' in eb_id", ""),
    ("subarray 01", "/lmc/subarray/01", {"eb_id": "\ud800"}, r"'\ud800' in eb_id", "--force "),
    ("eb eb-a", "/eb/eb-a", {"pb_realtime": ["pb-a", "/"]}, "'/' in pb_realtime", ""),
    ("subarray 01", "/eb/eb-a", {"pb_batch": [["pb-a"]]}, """'["pb-a"]' in pb_batch""", ""),
    ("eb eb-a", "/eb/eb-a", {"pb_batch": {"a": 1}}, """'{"a": 1}' in pb_batch""", ""),
    ("pb pb-a", "/pb/pb-a", {**PB, "eb_id": "a/"}, "'a/' in eb_id", "--force "),
    (
        "eb eb-a",
        "/pb/pb-a",
        {**PB, "script": {**SCRIPT, "version": "1/"}},
        "'realtime:vis:1/' in script",
        "--force ",
    ),
    ("pb pb-a", "/pb/pb-a/state", {"deployments": {"": "x"}}, "'' in deployments", ""),
    ("request pb-a:x", "/request/pb-a:x", {"resource": "/resource/"}, "'/resource/' in", ""),
    ("request pb-a:x", "/request/pb-a:x", {"resource": 7}, "'7' in resource", ""),
    ("allocation pb-a:x", "/allocation/pb-a:x", {"request": "/eb/eb-a"}, "'/eb/eb-a' in", ""),
]


@pytest.mark.parametrize(("line", "path", "value", "reference", "force"), FAULTS)
def test_describe_names_an_invalid_reference(
    database: Config,
    ska_sdp: Run,
    line: str,
    path: str,
    value: dict[str, Any],
    reference: str,
    force: str,
) -> None:
    fill(database, {**STORED, path: json.dumps(value)})
    result = ska_sdp("describe", "-o", "name", *line.split())
    assert (result.code, path in result.lines) == (0, True)
    (noted,) = (text for text in result.err.splitlines() if "invalid reference" in text)
    assert noted.startswith(
        f"ska-sdp: Not all references were followed: {path} has the invalid reference {reference}"
    )
    assert noted.endswith(f": correct it with 'ska-sdp edit {force}{path}'.")
    assert ska_sdp("describe", "-q", *line.split()).err == ""


def test_describe_shows_the_rest_of_an_entry_with_an_invalid_reference(
    database: Config, ska_sdp: Run
) -> None:
    fill(database, {**STORED, "/eb/eb-a": {"pb_realtime": ["", "pb-a", ""], "pb_batch": None}})
    result = ska_sdp("describe", "-o", "name", "subarray", "01")
    assert set(result.lines) == STORED.keys()
    assert result.err.count("invalid reference") == 1
