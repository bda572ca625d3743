"""Derived states in the tables of ``ska-sdp list``, on etcd."""

from __future__ import annotations

import pytest

from ska_sdp_config import Config
from tests.support.fault_scene import DEPLOYMENT, fault_scene

from .conftest import Run, fill


def test_table_of_deployments_has_status_and_reason(database: Config, ska_sdp: Run) -> None:
    fill(database, fault_scene())
    lines = ska_sdp("list", "deployment", "-o", "table").lines
    assert [line.split() for line in lines] == [
        ["KEY", "STATUS", "AGE", "KIND", "CHART", "REASON"],
        [f"/deploy/{DEPLOYMENT}", "PENDING", "helm", "vis-receive", "pod", "receiver-0"],
    ]


@pytest.mark.parametrize("kind", ["pb", "deployment", "subarray"])
def test_lists_for_scripts_have_paths_only(database: Config, ska_sdp: Run, kind: str) -> None:
    fill(database, fault_scene())
    root = {"pb": "/pb/", "deployment": "/deploy/", "subarray": "/lmc/subarray/"}[kind]
    paths = [path for path in fault_scene() if path.startswith(root) and "/state" not in path]
    assert ska_sdp("list", kind).lines == sorted(paths)
    assert ska_sdp("list", kind, "-o", "json").document == sorted(paths)
    assert ska_sdp("list", kind, "-q").lines == sorted(paths)


def test_list_of_subarrays_names_those_without_a_device(database: Config, ska_sdp: Run) -> None:
    scene = fault_scene()
    del scene["/component/lmc-subarray-02/owner"]
    fill(database, scene)
    lines = ska_sdp("list", "subarray", "-o", "table").lines
    assert lines[-1].strip() == "Its device is OFFLINE"
    assert sum("OFFLINE" in line for line in lines) == 1
    # Quiet is for scripts: a line for each subarray.
    quiet = ska_sdp("list", "subarray", "-o", "table", "-q").lines
    assert [line.split()[0] for line in quiet] == ["/lmc/subarray/01", "/lmc/subarray/02"]
