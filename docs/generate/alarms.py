"""Alarms of the operators' guide: those of the Helm chart, for a site of the default size.

``python -m docs.generate.alarms`` writes them.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import helm_python
from docs.generate.chart import CHART

__all__ = ["ALARMS", "TEMPLATE", "VALUES", "rules"]

ALARMS = Path(__file__).parents[1] / "operations/alarms.yaml"

TEMPLATE = "templates/monitoring/alarms.yaml"
"""Template of the chart that contains the alarms."""

VALUES: dict[str, Any] = {
    "monitoring": {"alarms": {"enabled": True, "serversJob": "sdp-lmc", "etcdJob": "sdp-etcd"}}
}
"""Values of the chart for the guide's alarms."""

_HEADER = """\
# Rules for Prometheus, generated from the Helm chart by python -m docs.generate.alarms: for two
# servers, which are the controller and a subarray, and one member of etcd. See alarms.md for other
# numbers.
"""


def rules(rendered: str) -> str:
    """Return the text of a file of rules for Prometheus.

    Args:
        rendered: text of the template, rendered with VALUES.
    """
    _, _, spec = rendered.partition("\nspec:\n")
    return _HEADER + dedent(spec)


def _render() -> str:
    with helm_python.Chart.load(CHART) as chart:
        texts = chart.render(VALUES, name="sdp", namespace="sdp")
    (found,) = (text for name, text in texts.items() if name.endswith(TEMPLATE))
    return found


if __name__ == "__main__":
    ALARMS.write_text(rules(_render()))
