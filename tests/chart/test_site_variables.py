"""Variables of the site: proxies, and variables of a parent chart that are not valid."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest

from tests.chart.rendering import Renderer, container_of, containers

CLUSTER = "localhost,127.0.0.1,.svc,.cluster.local"
SECRET = {"secretKeyRef": {"name": "proxy", "key": "exceptions"}}


def server_environment(render: Renderer, values: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of etcd's members by name."""
    container = container_of(render(values).only("StatefulSet", "-etcd"))
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"])
@pytest.mark.parametrize("of_parent", [True, False], ids=["global", "env"])
def test_proxy_of_the_site_is_not_used_for_the_cluster(
    render: Renderer, name: str, of_parent: bool
) -> None:
    """Go and gRPC use a proxy for every host that the variables do not exempt."""
    variables = [{"name": name, "value": "http://proxy:3128"}]
    values: dict[str, Any] = {"backup": {"enabled": True}}
    if of_parent:
        values["global"] = {"environment_variables": variables}
    else:
        values["env"] = variables
    for container in containers(render(values)):
        assert variables[0] in container["env"]
        assert {"name": "NO_PROXY", "value": CLUSTER} in container["env"]
        assert {"name": "no_proxy", "value": CLUSTER} in container["env"]


@pytest.mark.parametrize(
    ("given", "upper", "lower"),
    [
        ({"NO_PROXY": ".site"}, f".site,{CLUSTER}", f".site,{CLUSTER}"),
        ({"no_proxy": ".site"}, f".site,{CLUSTER}", f".site,{CLUSTER}"),
        ({"NO_PROXY": ".a", "no_proxy": ".b"}, f".a,{CLUSTER}", f".b,{CLUSTER}"),
        ({"NO_PROXY": "*"}, "*", "*"),
    ],
    ids=str,
)
def test_exceptions_of_the_site_are_extended(
    render: Renderer, given: dict[str, str], upper: str, lower: str
) -> None:
    variables = {"HTTPS_PROXY": "http://proxy:3128"} | given
    env = [{"name": name, "value": value} for name, value in variables.items()]
    found = server_environment(render, {"env": env})
    assert found["NO_PROXY"] == upper
    assert found["no_proxy"] == lower


def test_exceptions_of_the_site_in_a_secret_are_kept(render: Renderer) -> None:
    env = [
        {"name": "HTTPS_PROXY", "value": "http://proxy:3128"},
        {"name": "NO_PROXY", "valueFrom": SECRET},
    ]
    found = server_environment(render, {"env": env})
    assert found["NO_PROXY"] == SECRET
    assert found["no_proxy"] == SECRET


def test_exceptions_without_a_proxy_are_not_changed(render: Renderer) -> None:
    found = server_environment(render, {"env": [{"name": "NO_PROXY", "value": ".site"}]})
    assert found["NO_PROXY"] == ".site"
    assert "no_proxy" not in found


def test_null_value_of_a_parent_chart_is_an_empty_text(render: Renderer) -> None:
    variables = [{"name": "A", "value": None}, {"name": "B"}]
    found = server_environment(render, {"global": {"environment_variables": variables}})
    assert found["A"] == ""
    assert "B" in found


@pytest.mark.parametrize("variable", ["A=b", {"value": "b"}, None, {"name": 1, "value": "b"}])
def test_entry_of_a_parent_chart_that_is_no_variable_is_rejected(
    render: Renderer, variable: Any
) -> None:
    variables = [{"name": "A", "value": "b"}, variable]
    with pytest.raises(helm_python.HelmError, match=r"global\.environment_variables\[1\] is not"):
        render({"global": {"environment_variables": variables}})
