"""Tables of the operators' guide: metrics, health reasons, killed parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docs.generate.text import code, table

from ska_sdp_lmc.observability.families import FAMILIES
from ska_sdp_lmc.observability.process import CODES

__all__ = ["killed_parts", "metrics", "reasons"]

_KILLED = Path(__file__).parents[1] / "operations" / "killed.yaml"


def metrics() -> str:
    """Return the table of metrics."""
    rows = [
        [code(each.name), each.kind, ", ".join(map(code, each.labels)) or "none", each.meaning]
        for each in FAMILIES
    ]
    return table(["metric", "type", "labels", "meaning"], rows)


def reasons() -> str:
    """Return the table of reasons for not being ready or live."""
    return table(["reason", "meaning"], [[code(key), CODES[key]] for key in CODES])


def killed_parts() -> str:
    """Return the table of parts that are killed during a scan."""
    guide: dict[str, Any] = yaml.safe_load(_KILLED.read_text())
    statements: dict[str, str] = guide["statements"]
    rows = [
        [
            part["part"],
            " ".join(statements[key] for key in part["meanwhile"]),
            part["do"],
            " ".join(statements[key] for key in part["afterwards"]),
        ]
        for part in guide["parts"]
    ]
    return table(["killed", "meanwhile", "action", "afterwards"], rows)
