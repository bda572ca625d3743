"""Dashboards and panels, as Grafana's JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, TypeVar

__all__ = [
    "DEVICE",
    "ETCD_JOB",
    "JOB",
    "WIDTH",
    "Panel",
    "Query",
    "Variable",
    "alert_at",
    "dashboard",
    "graph",
    "heat_map",
    "number",
    "states",
]

Json = dict[str, Any]
StateT = TypeVar("StateT", bound=IntEnum)

WIDTH = 24
"""Columns of a dashboard."""

SCHEMA_VERSION = 39
"""Version of Grafana's dashboards that these files have; a newer Grafana converts them."""

_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_GOOD, _BAD = "green", "red"


@dataclass(frozen=True, slots=True)
class Query:
    """Expression of Prometheus, with the legend of its series.

    Attributes:
        expression: expression.
        legend: legend, with ``{{label}}`` for the value of a label.
    """

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Panel without its place.

    Attributes:
        title: title.
        about: description, which Grafana shows beside the title: the meaning, and what to do.
        width: columns, of WIDTH.
        height: rows.
        body: type, queries and options.
    """

    title: str
    about: str
    width: int
    height: int
    body: Json


@dataclass(frozen=True, slots=True)
class Variable:
    """Choice of the values of a label at the top of a dashboard.

    Attributes:
        name: name, which expressions have as ``$name``.
        title: title.
        query: function ``label_values`` of Grafana's Prometheus data source.
    """

    name: str
    title: str
    query: str


JOB = Variable("job", "Servers", "label_values(sdp_lmc_ready, job)")
ETCD_JOB = Variable("etcd_job", "etcd", "label_values(etcd_server_has_leader, job)")
DEVICE = Variable("device", "Device", 'label_values(sdp_lmc_health_state{job=~"$job"}, device)')


def alert_at(limit: float) -> Json:
    """Return thresholds: bad from a limit on."""
    steps = [{"color": _GOOD, "value": None}, {"color": _BAD, "value": limit}]
    return {"mode": "absolute", "steps": steps}


def number(
    title: str, about: str, query: Query, *, bad_from: float | None = None, unit: str = "none"
) -> Panel:
    """Return a panel with the present value of one series.

    Args:
        title: title.
        about: description.
        query: expression of one series.
        bad_from: value from which on it is red; None for never.
        unit: Grafana's name of the unit.
    """
    steps = {"mode": "absolute", "steps": [{"color": "blue", "value": None}]}
    body = {
        "type": "stat",
        "targets": _targets([query], instant=True),
        "fieldConfig": _fields(
            unit=unit,
            decimals=0,
            thresholds=steps if bad_from is None else alert_at(bad_from),
            color={"mode": "thresholds"},
        ),
        "options": {
            "colorMode": "background",
            "graphMode": "none",
            "textMode": "value",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    }
    return Panel(title, about, 4, 4, body)


def graph(
    title: str, about: str, *queries: Query, unit: str = "none", limit: float | None = None
) -> Panel:
    """Return a panel with lines over time.

    Args:
        title: title.
        about: description.
        queries: expressions.
        unit: Grafana's name of the unit.
        limit: value above which the background is red; None for none.
    """
    style = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
    if limit is not None:
        style["thresholdsStyle"] = {"mode": "line+area"}
    body = {
        "type": "timeseries",
        "targets": _targets(queries),
        "fieldConfig": _fields(
            unit=unit,
            min=0,
            custom=style,
            color={"mode": "palette-classic"},
            **({} if limit is None else {"thresholds": alert_at(limit)}),
        ),
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }
    return Panel(title, about, 12, 8, body)


def heat_map(title: str, about: str, query: Query, unit: str) -> Panel:
    """Return a panel with the distribution of a histogram over time."""
    body = {
        "type": "heatmap",
        "targets": _targets([query], format="heatmap"),
        "fieldConfig": _fields(),
        "options": {
            "calculate": False,
            "yAxis": {"unit": unit},
            "color": {"mode": "scheme", "scheme": "Blues", "steps": 64},
            "cellGap": 1,
            "tooltip": {"mode": "single", "yHistogram": True},
            "legend": {"show": True},
        },
    }
    return Panel(title, about, 12, 8, body)


def states(
    title: str,
    about: str,
    metric: str,
    selector: str,
    colours: Mapping[StateT, str],
) -> Panel:
    """Return a panel with a bar over time for each device, in the states' colours and with names.

    Args:
        title: title.
        about: description.
        metric: metric that is 1 for the current state and 0 for the others.
        selector: matchers of its other labels.
        colours: Grafana's colour of each state.
    """
    label = metric.removeprefix("sdp_lmc_")
    # The panel needs a number, and the current state is a label: multiply each state's number by
    # 1 or 0, and take the highest.
    terms = (f'{metric}{{{selector}, {label}="{state.name}"}} * {int(state)}' for state in colours)
    query = Query(f"max by (job, device) ({' or '.join(terms)})", "{{device}}")
    options = {
        str(int(state)): {"text": state.name, "color": colour, "index": place}
        for place, (state, colour) in enumerate(colours.items())
    }
    body = {
        "type": "state-timeline",
        "targets": _targets([query]),
        "fieldConfig": _fields(
            mappings=[{"type": "value", "options": options}],
            color={"mode": "thresholds"},
            custom={"fillOpacity": 70, "lineWidth": 0},
        ),
        "options": {
            "mergeValues": True,
            "showValue": "auto",
            "rowHeight": 0.9,
            "alignValue": "left",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        },
    }
    return Panel(title, about, WIDTH, 8, body)


def dashboard(
    name: str,
    title: str,
    about: str,
    variables: Sequence[Variable],
    rows: Mapping[str, Sequence[Panel]],
) -> Json:
    """Return a dashboard.

    Args:
        name: its ID, which is part of its address.
        title: title.
        about: description.
        variables: choices at its top.
        rows: panels by the title of their row, from left to right and top to bottom.
    """
    return {
        "uid": name,
        "title": title,
        "description": about,
        "tags": ["sdp-lmc"],
        "editable": True,
        "graphTooltip": 1,
        "links": [
            {
                "type": "dashboards",
                "title": "SDP",
                "tags": ["sdp-lmc"],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "panels": _placed(rows),
        "refresh": "10s",
        "schemaVersion": SCHEMA_VERSION,
        "templating": {"list": [_choice_of_datasource(), *map(_choice, variables)]},
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "version": 1,
    }


def _placed(rows: Mapping[str, Sequence[Panel]]) -> list[Json]:
    found: list[Json] = []
    x = y = 0
    for title, panels in rows.items():
        place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
        found.append(
            {
                "id": len(found) + 1,
                "type": "row",
                "title": title,
                "gridPos": place,
                "collapsed": False,
                "panels": [],
            }
        )
        x, y, height = 0, y + 1, 0
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            found.append(
                {
                    "id": len(found) + 1,
                    "title": panel.title,
                    "description": panel.about,
                    "datasource": _DATASOURCE,
                    "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
                    **panel.body,
                }
            )
            x, height = x + panel.width, max(height, panel.height)
        y += height
    return found


def _targets(
    queries: Sequence[Query],
    *,
    instant: bool = False,
    format: Literal["time_series", "heatmap"] = "time_series",  # noqa: A002 - its name there
) -> list[Json]:
    return [
        {
            "refId": "ABCDEFGH"[place],
            "datasource": _DATASOURCE,
            "expr": query.expression,
            "legendFormat": query.legend or "__auto",
            "instant": instant,
            "range": not instant,
            "format": format,
        }
        for place, query in enumerate(queries)
    ]


def _fields(**defaults: Any) -> Json:
    return {"defaults": defaults, "overrides": []}


def _choice_of_datasource() -> Json:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
    }


def _choice(variable: Variable) -> Json:
    return {
        "name": variable.name,
        "label": variable.title,
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "definition": variable.query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }
