"""Misspelt resources are rejected wherever the values of the chart have resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import helm_python
import pytest
import yaml
from docs.generate.chart import CHART

from tests.chart.rendering import Renderer


def paths_of_resources(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, below in values.items():
        if name == "resources":
            yield (*path, name)
        elif isinstance(below, dict):
            yield from paths_of_resources(below, (*path, name))


PATHS = list(paths_of_resources(yaml.safe_load((CHART / "values.yaml").read_text())))


def nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    found: dict[str, Any] = value
    return found


@pytest.mark.parametrize("path", PATHS, ids=".".join)
@pytest.mark.parametrize(
    ("resources", "field"),
    [
        ({"limits": {"mem": "1Gi"}}, "'mem'"),
        ({"requests": {"CPU": 1}}, "'CPU'"),
        ({"limit": {"memory": "1Gi"}}, "'limit'"),
        ({"limits": {"memory": "1GB"}}, "/limits/memory"),
        ({"requests": {"cpu": "half"}}, "/requests/cpu"),
    ],
    ids=["mem", "CPU", "limit", "1GB", "half"],
)
def test_misspelt_resource_is_rejected(
    render: Renderer, path: tuple[str, ...], resources: dict[str, Any], field: str
) -> None:
    with pytest.raises(helm_python.HelmValuesError) as rejected:
        render(nested(path, resources))
    assert re.search(re.escape(field), str(rejected.value)), str(rejected.value)


def test_resources_of_kubernetes_are_accepted(render: Renderer) -> None:
    limits = {"cpu": 1.5, "memory": "1e9", "ephemeral-storage": "2Gi", "hugepages-2Mi": "4Mi"}
    resources = {"requests": {"cpu": "100m"}, "limits": limits | {"nvidia.com/gpu": 1}}
    assert len(PATHS) > 5
    for path in PATHS:
        render(nested(path, resources))
