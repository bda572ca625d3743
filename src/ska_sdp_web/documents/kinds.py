"""Kinds of objects that have a table: their paths, their columns, and the row of each object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ska_sdp_config.live.system import LiveSystem
from ska_sdp_config.lmc import paths
from ska_sdp_config.lmc.rows import deployment_row, flow_row, pb_row
from ska_sdp_config.lmc.states import Json
from ska_sdp_web.documents.parts import class_of
from ska_sdp_web.encoding import when

__all__ = ["DEPLOYMENTS", "FLOWS", "KINDS", "PBS", "Kind", "row_of"]

Row = dict[str, Any]


class Kind(NamedTuple):
    """Kind of objects.

    Attributes:
        topic: topic of the table.
        one: topic of one object, before its ID.
        root: path before the ID.
        columns: key, title and kind of each column.
        make: returns the row of an object from its ID, its document, and that of its state.
    """

    topic: str
    one: str
    root: str
    columns: tuple[tuple[str, str, str], ...]
    make: Callable[[str, Json | None, Json | None], Row]

    def key_of(self, path: str) -> str:
        """Return the ID of the object that a path belongs to, empty if it is of another kind."""
        if not path.startswith(self.root):
            return ""
        return path[len(self.root) :].partition("/")[0]


def _pb(key: str, document: Json | None, state: Json | None) -> Row:
    row = pb_row(key, document, state)
    return {
        "id": row.pb_id,
        "status": row.status,
        "since": when(row.last_updated),
        "reason": row.reason,
        "eb": row.eb_id or "",
        "script": row.script,
        "class": class_of(row.status),
    }


def _deployment(key: str, document: Json | None, state: Json | None) -> Row:
    row = deployment_row(key, document, state)
    return {
        "id": row.deployment_id,
        "status": row.status,
        "since": when(row.last_updated),
        "reason": row.reason,
        "kind": row.kind,
        "chart": row.chart,
        "class": class_of(row.status),
    }


def _flow(key: str, document: Json | None, state: Json | None) -> Row:
    row = flow_row(key, document, state)
    return {
        "id": row.key,
        "status": row.status,
        "since": when(row.last_updated),
        "reason": row.reason,
        "model": row.data_model,
        "class": class_of(row.status),
    }


_COMMON = (
    ("status", "Status", "status"),
    ("since", "Last change", "time"),
    ("reason", "Reason", "text"),
)

PBS = Kind(
    "pbs",
    "pb",
    paths.processing_block(""),
    (
        ("id", "Processing block", "text"),
        *_COMMON,
        ("eb", "Execution block", "text"),
        ("script", "Script", "text"),
    ),
    _pb,
)
DEPLOYMENTS = Kind(
    "deployments",
    "deployment",
    "/deploy/",
    (
        ("id", "Deployment", "text"),
        *_COMMON,
        ("kind", "Kind", "text"),
        ("chart", "Chart", "text"),
    ),
    _deployment,
)
FLOWS = Kind(
    "flows",
    "flow",
    "/flow/",
    (("id", "Flow", "text"), *_COMMON, ("model", "Data model", "text")),
    _flow,
)

KINDS = (PBS, DEPLOYMENTS, FLOWS)


def row_of(system: LiveSystem, kind: Kind, key: str) -> Row | None:
    """Return the row of an object, None if it does not exist."""
    path = kind.root + key
    document = system.document(path)
    if document is None:
        return None
    return kind.make(key, document, system.document(paths.state_of(path)))
