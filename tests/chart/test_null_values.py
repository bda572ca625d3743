"""A null value, which removes a default in Helm, is rejected where the chart needs a value."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest
from docs.generate.chart import CHART

from tests.chart.rendering import Renderer, values_of

OF_PARENT = {
    "global.tango_host",
    "global.exposeAllDS",
    "global.labels",
    "global.annotations",
    "global.environment_variables",
}
"""Values that parent charts set for all their charts, where null is as good as empty."""

STORAGE_CLASSES = {"etcd.persistence.storageClass", "etcd.persistence.storageClassName"}
"""Values of the chart ska-sdp that sites leave empty."""


def _paths(values: Any, path: str = "") -> list[str]:
    """Return the paths of all values, without the optional quantities of resources."""
    if not isinstance(values, dict) or path.endswith(".resources"):
        return [path]
    below = [each for name in values for each in _paths(values[name], f"{path}.{name}")]
    return ([path] if path else []) + below


def _null(path: str) -> dict[str, Any]:
    values: Any = None
    for name in reversed(path.split(".")):
        values = {name: values}
    found: dict[str, Any] = values
    return found


PATHS = [path.removeprefix(".") for path in _paths(values_of(CHART / "values.yaml"))]


OPTIONAL = OF_PARENT | STORAGE_CLASSES


@pytest.mark.parametrize("path", [path for path in PATHS if path not in OPTIONAL])
def test_null_is_rejected_with_its_name(render: Renderer, path: str) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=rf"\b{path.rpartition('.')[2]}\b"):
        render(_null(path))


@pytest.mark.parametrize("path", sorted(OPTIONAL))
def test_null_of_an_optional_value_is_the_default(render: Renderer, path: str) -> None:
    existing = {"tangodb": {"existingSecret": "tangodb"}}
    assert render(existing | _null(path)).by_name == render(existing).by_name
