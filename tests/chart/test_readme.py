"""The README of the chart is generated from its values."""

from __future__ import annotations

from typing import Any

import yaml
from docs.generate.chart import CHART, readme, values


def test_readme_is_current() -> None:
    assert (CHART / "README.md").read_text() == readme(), "run python -m docs.generate.chart"


def _leaves(part: Any, path: str = "") -> list[str]:
    if not isinstance(part, dict) or not part:
        return [path]
    return [leaf for name, below in part.items() for leaf in _leaves(below, f"{path}.{name}")]


def test_values_are_described() -> None:
    described = [value.path for value in values()]
    assert len(set(described)) == len(described)
    for leaf in _leaves(yaml.safe_load((CHART / "values.yaml").read_text())):
        path = leaf.removeprefix(".")
        assert any(path == each or path.startswith(f"{each}.") for each in described), path


def test_readme_has_the_table_of_helm_docs() -> None:
    lines = readme().splitlines()
    start = lines.index("| Key | Type | Default | Description |")
    assert "| lmc.nsubarray | int | `1` | Number of subarrays, 1 to 99. |" in lines[start:]
    assert "{{" not in readme()


def test_readme_marks_operator_fields_as_assumed() -> None:
    assert "**An assumption:**" in readme()
