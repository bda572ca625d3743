"""Tables of the operators' guide: metrics, health reasons, killed parts, archived attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docs.generate.text import code, table

from ska_sdp_lmc.observability.families import FAMILIES
from ska_sdp_lmc.observability.process import CODES
from ska_sdp_lmc.ops.archiving.attributes import CLASSES, NOT_ARCHIVED, archived_attributes

__all__ = ["archived", "killed_parts", "metrics", "not_archived", "reasons"]

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


def archived() -> str:
    """Return the table of archived attributes by device class."""
    rows = [
        [code(name), ", ".join(map(code, archived_attributes(each)))]
        for name, each in CLASSES.items()
    ]
    return table(["class", "archived attributes"], rows)


def not_archived() -> str:
    """Return the table of attributes that are not archived, with the reason."""
    rows = [[code(name), reason] for name, reason in NOT_ARCHIVED.items()]
    return table(["attribute", "not archived, as"], rows)
