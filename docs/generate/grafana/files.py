"""Files of the dashboards, and where they lie."""

from __future__ import annotations

import json
from pathlib import Path

from docs.generate.chart import CHART
from docs.generate.grafana.commands import COMMANDS
from docs.generate.grafana.etcd import ETCD
from docs.generate.grafana.overview import OVERVIEW
from docs.generate.grafana.servers import SERVERS

__all__ = ["DASHBOARDS", "DIRECTORIES", "texts"]

DASHBOARDS = Path(__file__).parents[3] / "dashboards/grafana"

DIRECTORIES = (DASHBOARDS, CHART / "files/grafana")
"""Directories of the same files: the second is that of the Helm chart."""


def texts() -> dict[str, str]:
    """Return the text of each file by its name."""
    dashboards = {
        "sdp-overview.json": OVERVIEW,
        "sdp-commands.json": COMMANDS,
        "sdp-servers.json": SERVERS,
        "sdp-etcd.json": ETCD,
    }
    return {name: json.dumps(dashboard, indent=1) + "\n" for name, dashboard in dashboards.items()}
