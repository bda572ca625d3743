"""Names are valid in Kubernetes for a release of any length."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.chart.rendering import Renderer

NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
LONGEST_RELEASE = 53
LONGEST = 63
LONGEST_OF_KIND = {"CronJob": 52}
"""A CronJob appends the time to its name for the name of a Job."""

VALUES: dict[str, Any] = {
    "etcd": {"replicas": 3, "auth": {"enabled": True}},
    "simulator": {"enabled": True},
    "backup": {"enabled": True},
    "monitoring": {
        "podMonitors": {"enabled": True, "operatorPodLabels": {"a": "b"}},
        "alarms": {"enabled": True},
    },
}


@pytest.mark.parametrize("operator", [False, True], ids=["plain", "operator"])
def test_names_of_a_long_release_are_valid(render: Renderer, operator: bool) -> None:
    release = f"{'a' * (LONGEST_RELEASE - 2)}-b"
    objects = render(VALUES | {"global": {"operator": operator}}, release)
    assert {"CronJob", "PodMonitor"} <= {each["kind"] for each in objects}
    for each in objects:
        name = each["metadata"]["name"]
        assert NAME.fullmatch(name)
        assert len(name) <= LONGEST_OF_KIND.get(each["kind"], LONGEST), name
        for value in each["metadata"]["labels"].values():
            assert len(value) <= LONGEST
