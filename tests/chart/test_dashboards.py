"""The ConfigMap with Grafana's dashboards, as its sidecar finds it."""

from __future__ import annotations

import json
from typing import Any

from docs.generate.chart import CHART

from tests.chart.rendering import Manifest, Renderer
from tests.support.schemas import check_kubernetes_object

FILES = {
    path.name: path.read_text()
    for path in (CHART.parents[1] / "dashboards/grafana").glob("*.json")
}
MAX_SIZE = 1024 * 1024
"""Kubernetes rejects larger ConfigMaps, in bytes."""


def dashboards(render: Renderer, **values: Any) -> Manifest:
    given = {"monitoring": {"dashboards": {"enabled": True} | values}}
    return render(given).only("ConfigMap", "-dashboards")


def test_dashboards_are_off_by_default(render: Renderer) -> None:
    names = [each["metadata"]["name"] for each in render({}).of_kind("ConfigMap")]
    assert not [name for name in names if name.endswith("-dashboards")]


def test_config_map_has_each_dashboard_unchanged(render: Renderer) -> None:
    """Legends of Grafana have the braces of Helm's templates."""
    found = dashboards(render)
    check_kubernetes_object(found)
    assert FILES
    assert {name: json.loads(text) for name, text in found["data"].items()} == {
        name: json.loads(text) for name, text in FILES.items()
    }
    assert "{{" in "".join(found["data"].values())
    assert len(json.dumps(found)) < MAX_SIZE


def test_sidecar_finds_the_dashboards_by_its_default_label(render: Renderer) -> None:
    metadata = dashboards(render)["metadata"]
    assert metadata["labels"]["grafana_dashboard"] == "1"
    assert "annotations" not in metadata
    assert "namespace" not in metadata


def test_sidecar_finds_the_dashboards_as_configured(render: Renderer) -> None:
    metadata = dashboards(
        render,
        label="example.org/dashboard",
        labelValue="sdp",
        folder="SDP: low",
        folderAnnotation="k8s-sidecar-target-directory",
        namespace="monitoring",
    )["metadata"]
    assert metadata["labels"]["example.org/dashboard"] == "sdp"
    assert "grafana_dashboard" not in metadata["labels"]
    assert metadata["annotations"] == {"k8s-sidecar-target-directory": "SDP: low"}
    assert metadata["namespace"] == "monitoring"
