"""Grafana dashboards: files, layout, and the metrics that they name."""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import combinations
from typing import Any

import pytest
from docs.generate.grafana.files import DIRECTORIES, texts

from ska_sdp_config.lmc.states import HealthState, ObsState
from ska_sdp_sim.stack.local import LocalStack
from tests.chart.promtool import needs_promtool, run_promtool
from tests.dashboards.grafana import (
    DOCUMENTS,
    Expression,
    expressions,
    panels,
    variables,
)
from tests.docs.page import ROOT
from tests.services.health import scrape
from tests.support.promql import selectors

PROMETHEUS_FILE = ROOT / "docs/how-to/grafana-prometheus.yaml"

BY_PROMETHEUS = frozenset({"job", "instance"})
"""Labels that Prometheus adds to each series."""

each_dashboard = pytest.mark.parametrize("name", DOCUMENTS)


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_committed_files_are_those_of_the_generator(directory: Any) -> None:
    found = {path.name: path.read_text() for path in directory.iterdir()}
    assert found == texts(), "run python -m docs.generate.grafana"


@needs_promtool
def test_configuration_of_prometheus_on_the_page_is_valid() -> None:
    checked = run_promtool("check", "config", str(PROMETHEUS_FILE))
    assert checked.returncode == 0, checked.stderr


@each_dashboard
def test_panels_do_not_overlap(name: str) -> None:
    places = [panel["gridPos"] for panel in DOCUMENTS[name]["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for a, b in combinations(places, 2):
        is_beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        is_below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert is_beside or is_below, (a, b)


@each_dashboard
def test_panels_have_different_ids_and_a_description(name: str) -> None:
    document = DOCUMENTS[name]
    ids = [panel["id"] for panel in document["panels"]]
    assert len(ids) == len(set(ids))
    assert [panel["title"] for panel in panels(document) if not panel["description"]] == []


def test_dashboards_have_different_addresses() -> None:
    assert len({document["uid"] for document in DOCUMENTS.values()}) == len(DOCUMENTS) == 4


@each_dashboard
def test_used_variables_are_defined(name: str) -> None:
    document = DOCUMENTS[name]
    texts = [target["expr"] for panel in panels(document) for target in panel["targets"]]
    texts += [variable["query"]["query"] for variable in variables(document)]
    used = {found for text in texts for found in re.findall(r"\$(\w+)", text)}
    defined = {variable["name"] for variable in variables(document)}
    assert used - {"__rate_interval"} == defined


@pytest.mark.parametrize(
    ("title", "states"), [("obsState", ObsState), ("healthState", HealthState)]
)
def test_bars_have_the_name_of_each_state(title: str, states: type[IntEnum]) -> None:
    (bars,) = [
        panel for panel in panels(DOCUMENTS["sdp-overview.json"]) if panel["title"] == title
    ]
    (target,) = bars["targets"]
    numbers = re.findall(r'_state="(\w+)"} \* (\d+)', target["expr"])
    assert {name: int(number) for name, number in numbers} == {
        state.name: int(state) for state in states
    }
    (mapping,) = bars["fieldConfig"]["defaults"]["mappings"]
    shown = {int(number): option["text"] for number, option in mapping["options"].items()}
    assert shown == {int(state): state.name for state in states}
    colours = [option["color"] for option in mapping["options"].values()]
    assert len(set(colours)) == len(colours)


class Served:
    """Samples that the servers of a stack and its etcd serve."""

    def __init__(self, stack: LocalStack) -> None:
        endpoints = [str(server.health) for server in stack.servers]
        self._scrapes = [scrape(endpoint) for endpoint in (*endpoints, stack.etcd.endpoint)]

    def select(self, selector: Any) -> list[dict[str, str]]:
        """Return the labels of the samples that a selector selects, with those of Prometheus."""
        if selector.name == "up":
            return [dict.fromkeys(BY_PROMETHEUS, "")]
        return [
            {**labels, **dict.fromkeys(BY_PROMETHEUS, "")}
            for found in self._scrapes
            for labels, _ in found.of(selector.name)
            if all(_is_matched(matcher, labels) for matcher in selector.matchers.matchers)
        ]


def _is_matched(matcher: Any, labels: dict[str, str]) -> bool:
    if matcher.name in BY_PROMETHEUS:
        return True
    is_pattern = matcher.op == type(matcher.op).Re
    text = labels.get(matcher.name, "")
    return bool(re.fullmatch(matcher.value, text)) if is_pattern else text == matcher.value


@pytest.fixture(scope="module")
def served(stack: LocalStack) -> Served:
    return Served(stack)


@pytest.mark.parametrize("expression", list(expressions()), ids=lambda each: each.place)
def test_expression_selects_series_that_are_served(served: Served, expression: Expression) -> None:
    assert selectors(expression.text)
    for selector in selectors(expression.text):
        found = served.select(selector)
        assert found, f"no series of {selector.prettify()}"
        named = {*expression.legend, *_labels_kept(expression.text)}
        assert named <= {"le", *found[0]}


def _labels_kept(expression: str) -> list[str]:
    """Return the labels that the aggregations of an expression keep."""
    return [
        label.strip()
        for labels in re.findall(r" by \(([^)]+)\)", expression)
        for label in labels.split(",")
    ]
