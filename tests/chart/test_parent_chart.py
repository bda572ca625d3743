"""The chart as a subchart of an umbrella chart, switched by the condition of its dependency."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml
from docs.generate.chart import CHART

from tests.chart.rendering import Renderer, container_of, containers

VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
VALUES: dict[str, Any] = {
    "global": {"labels": {"team": "sdp"}, "tango_host": "databaseds:10000", "telescope": "mid"},
    "ska-tango-base": {"enabled": False},
    "unrelated": {"lmc": {"nsubarrays": 7}},
}
"""Values of the parent chart and of other subcharts."""


def parent(directory: Path, alias: str | None = None) -> Path:
    """Make a chart with this one as a dependency with a condition."""
    name = alias or "ska-sdp-lmc"
    dependency = {"name": "ska-sdp-lmc", "version": VERSION, "condition": f"{name}.enabled"}
    about = {
        "apiVersion": "v2",
        "name": "telescope",
        "version": "1.0.0",
        "dependencies": [dependency | ({"alias": alias} if alias else {})],
    }
    chart = directory / "telescope"
    (chart / "charts").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    (chart / "values.yaml").write_text(yaml.safe_dump(VALUES))
    shutil.copytree(CHART, chart / "charts/ska-sdp-lmc")
    return chart


@pytest.fixture
def umbrella(tmp_path: Path) -> Path:
    return parent(tmp_path)


def test_condition_enables_the_chart(render: Renderer, umbrella: Path) -> None:
    own = {
        "lmc": {"nsubarray": 2},
        "proccontrol": {"replicas": 1},
        "web": {"enabled": True, "login": {"enabled": True, "existingSecret": "token"}},
        "monitoring": {"dashboards": {"enabled": True}},
    }
    objects = render.render_parent(umbrella, {"ska-sdp-lmc": {"enabled": True} | own})
    alone = render(own | {"global": VALUES["global"]})
    assert objects.by_name == alone.by_name
    assert all(each["metadata"]["labels"]["team"] == "sdp" for each in objects)
    assert ("Deployment", "sdp-ska-sdp-lmc-subarray-02") in objects.by_name
    assert ("Deployment", "sdp-ska-sdp-lmc-web") in objects.by_name
    # Files of a subchart are found, too.
    assert "sdp-overview.json" in objects.only("ConfigMap", "-dashboards")["data"]


def test_condition_disables_the_chart(render: Renderer, umbrella: Path) -> None:
    objects = render.render_parent(umbrella, {"ska-sdp-lmc": {"enabled": False}})
    assert objects.by_name == {}


def test_chart_is_enabled_by_default(render: Renderer, umbrella: Path) -> None:
    assert render.render_parent(umbrella, {}).of_kind("Deployment")


def test_chart_replaces_ska_sdp_under_its_name(render: Renderer, tmp_path: Path) -> None:
    """An alias gives the chart the values that a site has for ska-sdp."""
    chart = parent(tmp_path, alias="ska-sdp")
    site = {"enabled": True, "lmc": {"prefix": "mid"}, "helmdeploy": {"namespace": "sdp"}}
    objects = render.render_parent(chart, {"ska-sdp": site})
    assert {each["metadata"]["name"] for each in objects.of_kind("Deployment")} == {
        f"sdp-ska-sdp-{name}" for name in ("controller", "subarray-01", "console")
    }
    assert not render.render_parent(chart, {"ska-sdp": {"enabled": False}}).by_name


def test_parent_values_reach_the_pods(render: Renderer, umbrella: Path) -> None:
    variables = [{"name": "TZ", "value": "UTC"}]
    values = {"global": {"environment_variables": variables, "operator": False}}
    for container in containers(render.render_parent(umbrella, values)):
        assert {"name": "TZ", "value": "UTC"} in container["env"]
    server = container_of(
        render.render_parent(umbrella, values).only("Deployment", "-subarray-01")
    )
    assert {"name": "TANGO_HOST", "value": "databaseds:10000"} in server["env"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"lmc": {"nsubarrays": 2}}, "'nsubarrays'"),
        ({"etcd": {"persistance": {}}}, "did you mean 'etcd.persistence'"),
    ],
    ids=["schema", "resembling"],
)
def test_misspelt_value_is_rejected_in_a_parent_chart(
    render: Renderer, umbrella: Path, values: dict[str, Any], text: str
) -> None:
    with pytest.raises(helm_python.HelmError, match=text):
        render.render_parent(umbrella, {"ska-sdp-lmc": values})
    # Disabled, its values are not evaluated.
    render.render_parent(umbrella, {"ska-sdp-lmc": {"enabled": False} | values})


def test_templates_of_other_subcharts_are_not_replaced(render: Renderer, umbrella: Path) -> None:
    """Helm shares templates of one name between all charts of a release."""
    expected = render.render_parent(umbrella, {}).by_name
    templates = umbrella / "charts/other/templates"
    templates.mkdir(parents=True)
    (templates.parent / "Chart.yaml").write_text("{apiVersion: v2, name: other, version: 1.0.0}")
    names = ("name", "fullname", "labels", "selector", "pod", "servers", "image", "environment")
    (templates / "_helpers.tpl").write_text(
        "".join(f'{{{{ define "lmc.{name}" }}}}other{{{{ end }}}}\n' for name in names)
    )
    assert render.render_parent(umbrella, {}).by_name.keys() == expected.keys()


def test_templates_have_the_name_of_the_chart() -> None:
    """Another name might be that of a template of another subchart."""
    names = [
        name
        for path in (CHART / "templates").rglob("*")
        if path.is_file()
        for name in re.findall(r'define\s+"([^"]*)"', path.read_text())
    ]
    assert len(names) > 20
    assert all(name.startswith("ska-sdp-lmc.") for name in names)


def test_disabled_without_a_condition_is_rejected(render: Renderer) -> None:
    with pytest.raises(helm_python.HelmError, match=r"add `condition: ska-sdp-lmc\.enabled`"):
        render({"enabled": False})


def test_missing_condition_is_named_after_the_alias(render: Renderer, tmp_path: Path) -> None:
    chart = parent(tmp_path, alias="ska-sdp")
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    del about["dependencies"][0]["condition"]
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))
    with pytest.raises(helm_python.HelmError, match=r"add `condition: ska-sdp\.enabled`"):
        render.render_parent(chart, {"ska-sdp": {"enabled": False}})
