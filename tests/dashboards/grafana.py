"""Expressions of the Grafana dashboards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from docs.generate.grafana.files import DASHBOARDS

DOCUMENTS: Mapping[str, dict[str, Any]] = {
    path.name: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))
}
"""Committed dashboards by file name."""

_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), (?P<label>\w+)\)")


class Expression(NamedTuple):
    """Expression with its place and the labels in its legend."""

    place: str
    text: str
    legend: tuple[str, ...]


def panels(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard that show data."""
    return [panel for panel in document["panels"] if panel["type"] != "row"]


def variables(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the variables of a dashboard that Prometheus fills."""
    return [each for each in document["templating"]["list"] if each["type"] == "query"]


def expressions(rate_interval: str = "1m") -> Iterator[Expression]:
    """Yield the expressions of all panels and variables, with Grafana's variables replaced."""
    for name, document in DOCUMENTS.items():
        for panel in panels(document):
            for target in panel["targets"]:
                legend = tuple(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                place = f"{name}, {panel['title']}, {target['refId']}"
                yield Expression(place, _fill_in(target["expr"], rate_interval), legend)
        for variable in variables(document):
            found = _LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert found, variable
            text = f"count by ({found['label']}) ({found['selector']})"
            yield Expression(
                f"{name}, ${variable['name']}", _fill_in(text, rate_interval), (found["label"],)
            )


def _fill_in(expression: str, rate_interval: str) -> str:
    """Replace Grafana's variables, as Grafana does while all values are selected."""
    filled = expression.replace("$__rate_interval", rate_interval)
    return re.sub(r"\$\w+", ".+", filled)
