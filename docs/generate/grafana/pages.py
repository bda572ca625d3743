"""Table of the dashboards for the documentation."""

from __future__ import annotations

import json

from docs.generate.grafana.files import texts
from docs.generate.text import code, table

__all__ = ["panels"]


def panels() -> str:
    """Return the table of panels, by dashboard and row."""
    rows: list[tuple[str, list[str]]] = []
    for name, text in texts().items():
        document = json.loads(text)
        for panel in document["panels"]:
            if panel["type"] == "row":
                rows.append((f"{code(name)}, {panel['title']}", []))
            else:
                rows[-1][1].append(panel["title"])
    return table(["dashboard, row", "panels"], [[row, "; ".join(titles)] for row, titles in rows])
